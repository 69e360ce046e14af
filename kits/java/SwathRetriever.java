import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Serve an algorithm written in Java to swath. One file; it needs the JDK alone, from 17 on.
 *
 * <pre>{@code
 * class Mine extends SwathRetriever {
 *     public String name() { return "mine"; }
 *     public Long build(Params params) { ... }
 *     public Found search(Points queries, int row, int k) {
 *         float[] query = queries.dense(row);
 *         ...
 *         return Found.of(ids);                   // best first, at most k
 *     }
 *     public static void main(String[] words) { serve(new Mine()); }
 * }
 * }</pre>
 *
 * Standard output is the protocol's: System.out goes to standard error from {@code serve} on. A native library that prints by
 * itself has to be silenced. docs/protocol.md has the protocol.
 */
public abstract class SwathRetriever {
    // Set before `open` is called.
    /** What swath uses the program as: candidates, selector or retriever. */
    public String role;
    public Points base;
    public int dimension;
    /** euclidean, angular, ip, hamming or jaccard. */
    public String distance;
    public int threads;
    public int buildThreads;
    public long seed;
    /** A folder of its own, also the working directory. */
    public Path scratch;
    /** Where the dataset has them, otherwise null (groups: empty). A link is a pair of ids; a group is that of each point. */
    public Points learn;
    public int[][] links;
    public Map<String, int[]> groups;
    public Path names;

    /** A short name. */
    public abstract String name();

    /** A text, or null; part of what identifies a trial, so it must not change from start to start. */
    public String version() {
        return null;
    }

    /** For angular: whether the algorithm needs or makes unit vectors; null says nothing. */
    public Boolean normalised() {
        return null;
    }

    /** Called once. Throw an exception if the data does not fit. */
    public void open() throws Exception {}

    /** Builds the index. Returns its size in bytes, or null. */
    public Long build(Params params) throws Exception {
        return null;
    }

    /** Takes search parameters. Called before every pass; it must not change the index. */
    public void set(Params params) throws Exception {}

    /** How many threads there may be. Called before the build, and before the first search after it. */
    public void setThreads(int threads) throws Exception {}

    /** Override what the algorithm can do: this, and the two below. */
    public Found search(Points queries, int row, int k) throws Exception {
        throw new UnsupportedOperationException();
    }

    /** What is found for each of the queries. */
    public Found[] searchBatch(Points queries, int k) throws Exception {
        throw new UnsupportedOperationException();
    }

    /** At most k of the pool, in order. Its scores are larger for better ids. */
    public Found select(Points queries, int row, int[] poolIds, float[] poolScores, int k) throws Exception {
        throw new UnsupportedOperationException();
    }

    /** Called at the end. */
    public void close() throws Exception {}

    /**
     * What a search returns: ids, best first; scores (or null), larger for better ids; how many distances were computed
     * (or -1).
     */
    public record Found(int[] ids, float[] scores, int evaluations) {
        public static Found of(int... ids) {
            return new Found(ids, null, -1);
        }
    }

    /** Parameters of the experiment. One that is given and that nobody asks for is an error. */
    public static final class Params {
        private final Map<String, Object> left;

        private Params(Map<String, Object> params) {
            left = new LinkedHashMap<>(params);
        }

        public double number(String name, double otherwise) {
            Object value = left.remove(name);
            if (value == null) return otherwise;
            if (value instanceof Double number) return number;
            throw new Refusal("the parameter \"" + name + "\" is " + value + "; it is to be a number");
        }

        public int whole(String name, int otherwise) {
            double value = number(name, otherwise);
            if (value == Math.rint(value) && Math.abs(value) <= Integer.MAX_VALUE) return (int) value;
            throw new Refusal("the parameter \"" + name + "\" is " + value + "; it is to be a whole number");
        }

        public String text(String name, String otherwise) {
            Object value = left.remove(name);
            if (value == null) return otherwise;
            if (value instanceof String text) return text;
            throw new Refusal("the parameter \"" + name + "\" is " + value + "; it is to be a text");
        }

        private void end(String op) {
            for (String name : left.keySet()) throw new Refusal(op + " has no parameter \"" + name + "\"");
        }
    }

    /** What points are. */
    public enum Kind {
        DENSE,
        BITS,
        SETS,
        SPARSE
    }

    /** Points: each is a row. Take the function of their kind. */
    public static final class Points {
        private final Array values;
        private final Array members;
        private final Array offsets;
        public final Kind kind;
        public final int size;

        /** With `mapped` they are read from the file when they are asked for, otherwise now. */
        private Points(Object from, String name, boolean mapped) throws IOException {
            Map<String, Object> points = object(from, name);
            boolean sets = points.containsKey("members"), sparse = points.containsKey("columns");
            if (!sets && !sparse) {
                boolean bits = "|u1".equals(points.get("dtype"));
                values = new Array(points, name, bits ? "|u1" : "<f4", mapped);
                members = offsets = null;
                kind = bits ? Kind.BITS : Kind.DENSE;
                size = values.rows;
            } else {
                offsets = new Array(points.get("offsets"), name, "<u8", mapped);
                members = new Array(points.get(sets ? "members" : "columns"), name, sets ? "<u4" : "<i4", mapped);
                values = sparse ? new Array(points.get("values"), name, "<f4", mapped) : null;
                kind = sets ? Kind.SETS : Kind.SPARSE;
                size = offsets.rows - 1;
            }
        }

        /** A dense vector. */
        public float[] dense(int row) {
            return values.floats(row, 1);
        }

        /** Bits; the first is the highest of the first byte. */
        public byte[] bits(int row) {
            byte[] bits = new byte[values.columns];
            values.row(row, 1).get(bits);
            return bits;
        }

        /** Members of a set. */
        public int[] set(int row) {
            return members.integers((int) start(row), (int) (start(row + 1) - start(row)));
        }

        /** Columns of a sparse vector. */
        public int[] columns(int row) {
            return set(row);
        }

        /** Values of a sparse vector. */
        public float[] values(int row) {
            return values.floats((int) start(row), (int) (start(row + 1) - start(row)));
        }

        private long start(int row) {
            return offsets.row(row, 1).getLong();
        }
    }

    /** What was asked or returned cannot be used; the message says why. */
    public static final class Refusal extends RuntimeException {
        private static final long serialVersionUID = 1;

        public Refusal(String message) {
            super(message);
        }
    }

    /** The program cannot do what was asked. */
    private static final class Unsupported extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unsupported(String message) {
            super(message);
        }
    }

    // ------------------------------------------------------------ arrays

    /** An array in a file, of one or two dimensions. */
    private static final class Array {
        /** Rows of a piece that is mapped lie within 1 GiB, as Java maps less than 2 at once. */
        private static final long PIECE = 1 << 30;

        final String name;
        final Path path;
        final long offset;
        final int rows;
        final int columns;
        final int item;
        final long stride;
        private ByteBuffer[] pieces;
        private int rowsOfPiece;

        Array(Object from, String name, String dtype) {
            Map<String, Object> array = object(from, name);
            if (!dtype.equals(array.get("dtype"))) {
                throw new Refusal(name + ": the array is of type " + array.get("dtype") + ", not " + dtype);
            }
            this.name = name;
            item = dtype.charAt(2) - '0';
            path = path(array.get("path"));
            offset = whole(array, "offset");
            List<?> shape = (List<?>) array.get("shape"), strides = (List<?>) array.get("strides");
            rows = ((Double) shape.get(0)).intValue();
            columns = shape.size() > 1 ? ((Double) shape.get(1)).intValue() : 1;
            stride = ((Double) strides.get(0)).longValue();
            boolean together = shape.size() == 1 || ((Double) strides.get(1)).intValue() == item;
            if (rows > 0 && columns > 0 && (shape.size() > 2 || !together || stride < width())) {
                throw new Refusal(name + ": this kit does not read arrays of that shape and those strides");
            }
        }

        Array(Object from, String name, String dtype, boolean mapped) throws IOException {
            this(from, name, dtype);
            rowsOfPiece = (int) Math.max(1, Math.min(rows, PIECE / Math.max(1, stride)));
            pieces = new ByteBuffer[width() == 0 ? 0 : (rows + rowsOfPiece - 1) / rowsOfPiece];
            if (pieces.length == 0) return;
            try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
                check(file);
                for (int i = 0; i < pieces.length; i++) {
                    long first = (long) i * rowsOfPiece, last = Math.min(rows, first + rowsOfPiece) - 1;
                    long from0 = offset + first * stride, size = (last - first) * stride + width();
                    if (mapped) {
                        pieces[i] = file.map(FileChannel.MapMode.READ_ONLY, from0, size);
                    } else {
                        pieces[i] = ByteBuffer.allocate((int) size);
                        while (pieces[i].hasRemaining()) file.read(pieces[i], from0 + pieces[i].position());
                    }
                    pieces[i].order(ByteOrder.LITTLE_ENDIAN);
                }
            }
        }

        /** Bytes of a row, without what pads it. */
        int width() {
            return columns * item;
        }

        void check(FileChannel file) throws IOException {
            if (file.size() < offset + (rows - 1) * stride + width()) {
                throw new Refusal(name + ": " + path + " is shorter than the array in it");
            }
        }

        /** The bytes of rows that follow each other without padding, or of one row. */
        ByteBuffer row(int row, int count) {
            ByteBuffer piece = pieces[row / rowsOfPiece];
            int at = (int) (row % rowsOfPiece * stride);
            return piece.slice(at, count * width()).order(ByteOrder.LITTLE_ENDIAN);
        }

        float[] floats(int row, int count) {
            float[] floats = new float[count * columns];
            for (int done = 0, some; done < count; done += some) {
                some = Math.min(count - done, stride == width() ? rowsOfPiece - (row + done) % rowsOfPiece : 1);
                row(row + done, some).asFloatBuffer().get(floats, done * columns, some * columns);
            }
            return floats;
        }

        int[] integers(int row, int count) {
            int[] integers = new int[count * columns];
            for (int done = 0, some; done < count; done += some) {
                some = Math.min(count - done, stride == width() ? rowsOfPiece - (row + done) % rowsOfPiece : 1);
                row(row + done, some).asIntBuffer().get(integers, done * columns, some * columns);
            }
            return integers;
        }

        /** Writes all rows, and leaves all else in the file as it is. */
        void write(ByteBuffer content) throws IOException {
            if (rows == 0 || columns == 0) return;
            try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
                check(file);
                boolean together = stride == width();
                for (int row = 0; row < (together ? 1 : rows); row++) {
                    ByteBuffer some = content.slice(row * width(), together ? rows * width() : width());
                    while (some.hasRemaining()) file.write(some, offset + row * stride + some.position());
                }
            }
        }
    }

    // ------------------------------------------------------------ the conversation

    private boolean opened;
    private boolean narrowed;

    /** Answers swath until it ends. */
    public static void serve(SwathRetriever retriever) {
        OutputStream answers = new FileOutputStream(FileDescriptor.out);
        System.setOut(System.err);
        InputStream lines = new BufferedInputStream(new FileInputStream(FileDescriptor.in), 1 << 16);
        try {
            send(answers, retriever.hello());
            for (String line = read(lines); line != null; line = read(lines)) {
                Map<String, Object> answer = new LinkedHashMap<>();
                boolean last = retriever.answer(line, answer);
                send(answers, answer);
                if (last) break;
            }
            if (retriever.opened) retriever.close();
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    private static String read(InputStream lines) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int c = lines.read();
        if (c < 0) return null;
        for (; c >= 0 && c != '\n'; c = lines.read()) line.write(c);
        return line.toString(StandardCharsets.UTF_8);
    }

    private static void send(OutputStream answers, Object answer) throws IOException {
        StringBuilder line = new StringBuilder();
        Json.write(answer, line);
        answers.write(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
        answers.flush();
    }

    private boolean overrides(String method, Class<?>... arguments) {
        try {
            return getClass().getMethod(method, arguments).getDeclaringClass() != SwathRetriever.class;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    private boolean searches() {
        return overrides("search", Points.class, int.class, int.class);
    }

    private boolean batches() {
        return overrides("searchBatch", Points.class, int.class);
    }

    private boolean selects() {
        return overrides("select", Points.class, int.class, int[].class, float[].class, int.class);
    }

    private Map<String, Object> hello() {
        List<Object> can = new ArrayList<>();
        if (searches()) can.addAll(List.of("candidates", "retriever"));
        if (selects()) can.add("selector");
        if (batches()) can.add("batch");
        if (can.isEmpty() || (batches() && !searches())) {
            throw new Refusal(name() + ": a program overrides search or select, and search if it overrides searchBatch");
        }
        Map<String, Object> info = new LinkedHashMap<>();
        info.put("kit", "java");
        if (version() != null) info.put("version", version());
        if (normalised() != null) info.put("normalised", normalised());
        Map<String, Object> hello = new LinkedHashMap<>();
        hello.put("swath", 1L);
        hello.put("name", name());
        hello.put("info", info);
        hello.put("can", can);
        return hello;
    }

    /** Fills the answer to a line, and says whether it is the last. */
    private boolean answer(String line, Map<String, Object> answer) {
        long begin = System.nanoTime();
        boolean last = false;
        try {
            Map<String, Object> request = object(Json.read(line), "a line");
            last = "end".equals(request.get("op"));
            answer.put("ok", true);
            act(request, answer);
            answer.put("ns", System.nanoTime() - begin);
        } catch (Throwable e) {
            boolean known = e instanceof Refusal || e instanceof Unsupported;
            if (!known) e.printStackTrace();
            answer.clear();
            answer.put("ok", false);
            answer.put("kind", e instanceof Unsupported ? "unsupported" : "failed");
            answer.put("message", known ? e.getMessage() : e.toString());
        }
        return last;
    }

    private void act(Map<String, Object> request, Map<String, Object> answer) throws Exception {
        if (!(request.get("op") instanceof String op)) throw new Unsupported("a line has no op");
        if (!List.of("open", "build", "set", "echo", "search", "select", "end").contains(op)) {
            throw new Unsupported("unknown op \"" + op + "\"");
        }
        if (!opened && !op.equals("open") && !op.equals("end")) throw new Refusal("\"" + op + "\" came before \"open\"");
        boolean batch = "batch".equals(request.get("mode"));
        switch (op) {
            case "open" -> {
                read(request);
                open();
                opened = true;
            }
            case "build" -> {
                Params params = params(request);
                setThreads(buildThreads);
                narrowed = false;
                Long bytes = build(params);
                params.end(op);
                if (bytes != null) answer.put("bytes", bytes);
            }
            case "set" -> {
                Params params = params(request);
                set(params);
                params.end(op);
            }
            case "echo" -> {
                Block block = new Block(request);
                Found nothing = Found.of();
                if (batch) block.keep(all(block.n, nothing));
                else block.fill(i -> nothing, true);
            }
            case "search" -> {
                if (!searches()) throw new Unsupported("this program is no index: it has no search");
                if (batch && !batches()) throw new Unsupported("this program answers single queries only");
                Block block = new Block(request);
                if (batch) block.keep(block.n == 0 ? new Found[0] : searchBatch(block.queries, block.k));
                else block.fill(i -> search(block.queries, i, block.k), false);
            }
            case "select" -> {
                if (!selects()) throw new Unsupported("this program is no selector: it has no select");
                Block block = new Block(request);
                Array ids = new Array(request.get("pool_ids"), "pool_ids", "<i4", false);
                Array scores = new Array(request.get("pool_scores"), "pool_scores", "<f4", false);
                int[][] pools = new int[block.n][];
                float[][] poolScores = new float[block.n][];
                for (int i = 0; i < block.n; i++) {
                    int[] pool = ids.integers(i, 1);
                    int size = 0;
                    while (size < pool.length && pool[size] >= 0) size++;
                    pools[i] = Arrays.copyOf(pool, size);
                    poolScores[i] = Arrays.copyOf(scores.floats(i, 1), size);
                }
                block.fill(i -> select(block.queries, i, pools[i], poolScores[i], block.k), false);
            }
            default -> {}
        }
    }

    private static Found[] all(int n, Found found) {
        Found[] all = new Found[n];
        Arrays.fill(all, found);
        return all;
    }

    private static Params params(Map<String, Object> request) {
        return new Params(request.get("params") == null ? Map.of() : object(request.get("params"), "params"));
    }

    private void read(Map<String, Object> request) throws IOException {
        role = (String) request.get("role");
        distance = (String) request.get("distance");
        dimension = (int) whole(request, "dimension");
        threads = (int) whole(request, "threads");
        buildThreads = (int) whole(request, "build_threads");
        seed = whole(request, "seed");
        scratch = path(request.get("scratch"));
        base = new Points(request.get("base"), "base", true);
        learn = request.get("learn") == null ? null : new Points(request.get("learn"), "learn", true);
        names = request.get("names") == null ? null : path(request.get("names"));
        links = null;
        if (request.get("links") != null) {
            Array array = new Array(request.get("links"), "links", "<i4", true);
            links = new int[array.rows][];
            for (int i = 0; i < array.rows; i++) links[i] = array.integers(i, 1);
        }
        groups = new LinkedHashMap<>();
        if (request.get("groups") != null) {
            for (Map.Entry<String, Object> group : object(request.get("groups"), "groups").entrySet()) {
                Array array = new Array(group.getValue(), "groups", "<i4", true);
                groups.put(group.getKey(), array.integers(0, array.rows));
            }
        }
    }

    private interface Ask {
        Found row(int i) throws Exception;
    }

    /** The queries of a block, and the arrays to fill for them. */
    private final class Block {
        final long first;
        final int n;
        final int k;
        final Points queries;
        private final Array ids, ns, scores, evaluations;

        Block(Map<String, Object> request) throws Exception {
            if (!narrowed) setThreads(threads);
            narrowed = true;
            first = whole(request, "from");
            n = (int) (whole(request, "to") - first);
            k = (int) whole(request, "k");
            queries = new Points(request.get("queries"), "queries", false);
            ids = new Array(request.get("ids"), "ids", "<i4");
            ns = request.get("ns") == null ? null : new Array(request.get("ns"), "ns", "<u8");
            scores = request.get("scores") == null ? null : new Array(request.get("scores"), "scores", "<f4");
            evaluations = request.get("evaluations") == null ? null : new Array(request.get("evaluations"), "evaluations", "<u4");
        }

        /** Asks for each row, one after the other, by the clock. */
        void fill(Ask ask, boolean echo) throws Exception {
            Found[] found = new Found[n];
            ByteBuffer times = buffer(8 * n);
            for (int i = 0; i < n; i++) {
                long begin = System.nanoTime();
                found[i] = ask.row(i);
                long time = System.nanoTime() - begin;
                times.putLong(echo ? 0 : time);
            }
            keep(found);
            if (ns != null) ns.write(times.flip());
        }

        /** Writes what was found. Where there are no scores or evaluations, what swath filled in stays. */
        void keep(Found[] found) throws IOException {
            if (found.length != n) throw new Refusal("searchBatch returned " + found.length + " rows for " + n + " queries");
            ByteBuffer ids = buffer(4 * n * k), scores = buffer(4 * n * k), evaluations = buffer(4 * n);
            for (int i = 0; i < n; i++) {
                Found row = found[i];
                String where = "row " + (first + i) + ": ";
                if (row == null) throw new Refusal(where + "null was returned");
                int size = row.ids.length;
                if (size > k) throw new Refusal(where + size + " ids were returned, at most k = " + k + " were asked for");
                if (row.scores != null && row.scores.length != size) {
                    throw new Refusal(where + row.scores.length + " scores were returned for " + size + " ids");
                }
                for (int j = 0; j < k; j++) {
                    if (j < size && row.ids[j] < 0) throw new Refusal(where + row.ids[j] + " is no id");
                    ids.putInt(j < size ? row.ids[j] : -1);
                    scores.putFloat(j < size && row.scores != null ? row.scores[j] : Float.NaN);
                }
                evaluations.putInt(row.evaluations);
            }
            this.ids.write(ids.flip());
            if (this.scores != null) this.scores.write(scores.flip());
            if (this.evaluations != null) this.evaluations.write(evaluations.flip());
        }
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    // ------------------------------------------------------------ JSON: what the lines of swath need

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value, String name) {
        if (value instanceof Map) return (Map<String, Object>) value;
        throw new Refusal(name + " is no JSON object, or not there");
    }

    private static long whole(Map<String, Object> object, String key) {
        if (object.get(key) instanceof Double number && number >= 0 && number == Math.rint(number)) return number.longValue();
        throw new Refusal("\"" + key + "\" is no whole number, or not there");
    }

    private static Path path(Object text) {
        try {
            return Path.of((String) text);
        } catch (InvalidPathException e) {
            String advice = "start it in a locale of UTF-8, such as LC_ALL=C.UTF-8";
            throw new Refusal("Java cannot name the path " + text + " in this locale: " + advice);
        }
    }

    private static final class Json {
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        /** Objects are maps, lists are lists, numbers are doubles. */
        static Object read(String text) {
            Json json = new Json(text);
            Object value = json.value(0);
            json.space();
            if (json.at < text.length()) throw json.wrong();
            return value;
        }

        private Refusal wrong() {
            return new Refusal("a line is no JSON: at character " + at);
        }

        private void space() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        }

        private boolean take(char c) {
            space();
            if (at >= text.length() || text.charAt(at) != c) return false;
            at++;
            return true;
        }

        private void must(char c) {
            if (!take(c)) throw wrong();
        }

        private Object value(int depth) {
            if (depth > 32) throw wrong();
            if (take('{')) {
                Map<String, Object> object = new LinkedHashMap<>();
                if (take('}')) return object;
                do {
                    must('"');
                    String key = string();
                    must(':');
                    object.put(key, value(depth + 1));
                } while (take(','));
                must('}');
                return object;
            }
            if (take('[')) {
                List<Object> list = new ArrayList<>();
                if (take(']')) return list;
                do list.add(value(depth + 1));
                while (take(','));
                must(']');
                return list;
            }
            if (take('"')) return string();
            int end = at;
            while (end < text.length() && "+-.0123456789abcdefghijklmnopqrstuvwxyzE".indexOf(text.charAt(end)) >= 0) end++;
            String word = text.substring(at, end);
            at = end;
            switch (word) {
                case "true":
                    return true;
                case "false":
                    return false;
                case "null":
                    return null;
                default:
                    if (!word.matches("-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) throw wrong();
                    return Double.valueOf(word);
            }
        }

        private String string() {
            StringBuilder string = new StringBuilder();
            while (at < text.length()) {
                char c = text.charAt(at++);
                if (c == '"') return string.toString();
                if (c == '\\' && at < text.length()) {
                    c = text.charAt(at++);
                    int place = "bfnrt\"\\/".indexOf(c);
                    if (place >= 0) {
                        c = "\b\f\n\r\t\"\\/".charAt(place);
                    } else if (c == 'u' && text.substring(at, Math.min(at + 4, text.length())).matches("[0-9a-fA-F]{4}")) {
                        c = (char) Integer.parseInt(text.substring(at, at + 4), 16);
                        at += 4;
                    } else {
                        throw wrong();
                    }
                }
                string.append(c);
            }
            throw wrong();
        }

        static void write(Object value, StringBuilder to) {
            String comma = "";
            if (value instanceof Map<?, ?> map) {
                to.append('{');
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    to.append(comma);
                    write(entry.getKey(), to);
                    to.append(": ");
                    write(entry.getValue(), to);
                    comma = ", ";
                }
                to.append('}');
            } else if (value instanceof List<?> list) {
                to.append('[');
                for (Object item : list) {
                    to.append(comma);
                    write(item, to);
                    comma = ", ";
                }
                to.append(']');
            } else if (value instanceof String text) {
                to.append('"');
                for (int i = 0; i < text.length(); i++) {
                    char c = text.charAt(i);
                    if (c == '"' || c == '\\') to.append('\\').append(c);
                    else if (c < 0x20) to.append(String.format("\\u%04x", (int) c));
                    else to.append(c);
                }
                to.append('"');
            } else {
                to.append(value);
            }
        }
    }
}
