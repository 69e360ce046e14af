import java.util.Arrays;
import java.util.List;

/**
 * Exact search by brute force, and a selector: top-k, or MMR with lambda below 1. An example of SwathRetriever.java.
 *
 * <p>javac -d classes SwathRetriever.java Exact.java and then java -cp classes Exact
 */
public class Exact extends SwathRetriever {
    /** A point: dense vectors have values, bits have bits, sets have members, sparse vectors have members (columns) and values. */
    private record Point(float[] values, int[] members, byte[] bits, double norm) {}

    private Point[] points;
    private double lambda = 1;

    public static void main(String[] words) {
        serve(new Exact());
    }

    @Override
    public String name() {
        return "exact-java";
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public void open() {
        if (!List.of("euclidean", "angular", "ip", "hamming", "jaccard").contains(distance)) {
            throw new Refusal("this program has no distance " + distance);
        }
    }

    @Override
    public Long build(Params params) {
        points = new Point[base.size];
        for (int id = 0; id < base.size; id++) points[id] = point(base, id);
        return null;
    }

    @Override
    public void set(Params params) {
        lambda = params.number("lambda", 1);
        if (!(lambda >= 0 && lambda <= 1)) throw new Refusal("lambda is " + lambda + "; it is to be from 0 to 1");
    }

    @Override
    public Found search(Points queries, int row, int k) {
        Point query = point(queries, row);
        int size = 0;
        int[] ids = new int[Math.min(k, points.length)];
        double[] scores = new double[ids.length];
        for (int id = 0; id < points.length; id++) {
            double score = score(query, points[id]);
            if (size == ids.length && (size == 0 || !(score > scores[size - 1]))) continue;
            int place = size < ids.length ? size++ : size - 1;
            for (; place > 0 && score > scores[place - 1]; place--) {
                ids[place] = ids[place - 1];
                scores[place] = scores[place - 1];
            }
            ids[place] = id;
            scores[place] = score;
        }
        float[] rounded = new float[size];
        for (int i = 0; i < size; i++) rounded[i] = (float) scores[i];
        return new Found(ids, rounded, points.length);
    }

    @Override
    public Found[] searchBatch(Points queries, int k) {
        Found[] found = new Found[queries.size];
        Arrays.setAll(found, row -> search(queries, row, k));
        return found;
    }

    @Override
    public Found select(Points queries, int row, int[] pool, float[] scores, int k) {
        boolean mmr = lambda < 1;
        double sigma = mmr && distance.equals("euclidean") ? width(point(queries, row), pool) : 0;
        double[] alike = new double[pool.length]; // the largest similarity to what is picked
        Arrays.fill(alike, Double.NEGATIVE_INFINITY);
        boolean[] taken = new boolean[pool.length];
        int[] ids = new int[Math.min(k, pool.length)];
        for (int count = 0; count < ids.length; count++) {
            int best = -1;
            double largest = 0;
            for (int i = 0; i < pool.length; i++) {
                if (taken[i]) continue;
                double value = count == 0 || !mmr ? scores[i] : lambda * scores[i] - (1 - lambda) * alike[i];
                if (best < 0 || value > largest) {
                    best = i;
                    largest = value;
                }
            }
            taken[best] = true;
            ids[count] = pool[best];
            for (int i = 0; i < pool.length && mmr; i++) {
                if (!taken[i]) alike[i] = Math.max(alike[i], similarity(points[pool[best]], points[pool[i]], sigma));
            }
        }
        return Found.of(ids);
    }

    // ------------------------------------------------------------ how alike two points are

    private static Point point(Points points, int row) {
        return switch (points.kind) {
            case DENSE -> vector(points.dense(row), null);
            case SPARSE -> vector(points.values(row), points.columns(row));
            case BITS -> new Point(null, null, points.bits(row), 0);
            case SETS -> new Point(null, points.set(row), null, 0);
        };
    }

    private static Point vector(float[] values, int[] columns) {
        double squares = 0;
        for (float value : values) squares += (double) value * value;
        return new Point(values, columns, null, Math.sqrt(squares));
    }

    /** Larger for points that are nearer to the query. */
    private double score(Point query, Point point) {
        return switch (distance) {
            case "euclidean" -> -Math.sqrt(squared(query, point));
            case "angular" -> cosine(query, point);
            case "ip" -> product(query, point);
            case "hamming" -> agreement(query, point);
            default -> jaccard(query, point, 0);
        };
    }

    /** Of two base points, as swath's own MMR has it: a Gaussian as wide as sigma for euclidean, the cosine for angular and ip. */
    private double similarity(Point a, Point b, double sigma) {
        return switch (distance) {
            case "euclidean" -> Math.exp(-squared(a, b) / Math.max(2 * sigma * sigma, Double.MIN_NORMAL));
            case "hamming" -> agreement(a, b);
            case "jaccard" -> jaccard(a, b, 1);
            default -> cosine(a, b);
        };
    }

    /** The median distance between the query and the pool. */
    private double width(Point query, int[] pool) {
        double[] far = Arrays.stream(pool).mapToDouble(id -> Math.sqrt(squared(query, points[id]))).sorted().toArray();
        return far.length == 0 ? 0 : (far[(far.length - 1) / 2] + far[far.length / 2]) / 2;
    }

    private static double squared(Point a, Point b) {
        double sum = 0;
        for (int c = 0; c < a.values.length; c++) {
            double difference = (double) a.values[c] - b.values[c];
            sum += difference * difference;
        }
        return sum;
    }

    private static double cosine(Point a, Point b) {
        double norms = a.norm * b.norm;
        return norms > 0 ? product(a, b) / norms : 0;
    }

    private static double product(Point a, Point b) {
        double sum = 0;
        if (a.members == null) {
            for (int c = 0; c < a.values.length; c++) sum += (double) a.values[c] * b.values[c];
            return sum;
        }
        for (int i = 0, j = 0; i < a.members.length && j < b.members.length; ) {
            if (a.members[i] == b.members[j]) sum += (double) a.values[i++] * b.values[j++];
            else if (a.members[i] < b.members[j]) i++;
            else j++;
        }
        return sum;
    }

    /** The share of bits that agree. */
    private double agreement(Point a, Point b) {
        int differ = 0;
        for (int c = 0; c < a.bits.length; c++) differ += Integer.bitCount((a.bits[c] ^ b.bits[c]) & 0xFF);
        return 1 - (double) differ / dimension;
    }

    /** Common members over all members; `empty` if there are none. Members of a set are in ascending order. */
    private static double jaccard(Point a, Point b, double empty) {
        int common = 0, i = 0, j = 0;
        while (i < a.members.length && j < b.members.length) {
            int order = Integer.compareUnsigned(a.members[i], b.members[j]);
            if (order == 0) common++;
            if (order <= 0) i++;
            if (order >= 0) j++;
        }
        int all = a.members.length + b.members.length - common;
        return all == 0 ? empty : (double) common / all;
    }
}
