/* Exact search by brute force, and a selector: top-k, or MMR with `lambda` below 1. An example of swath_retriever.h.
 *
 *     cc -std=c99 -O3 -march=native -o exact exact.c -lm
 */
#include "swath_retriever.h"

typedef struct {
    const swath_dataset *data;
    double lambda;
    double *norms; /* of base points, for the cosine */
} exact;

/* ------------------------------------------------------------ how alike two points are */

static double inner_product(const swath_points *a, size_t i, const swath_points *b, size_t j) {
    double sum = 0;
    if (a->kind == SWATH_DENSE) {
        const float *x = swath_dense(a, i), *y = swath_dense(b, j);
        for (size_t c = 0; c < a->dimension; c++) sum += (double)x[c] * y[c];
        return sum;
    }
    size_t n, m, p = 0, q = 0;
    const float *x, *y;
    const int32_t *columns = swath_sparse(a, i, &x, &n), *others = swath_sparse(b, j, &y, &m);
    while (p < n && q < m) {
        if (columns[p] == others[q]) sum += (double)x[p++] * y[q++];
        else if (columns[p] < others[q]) p++;
        else q++;
    }
    return sum;
}

static double squared_distance(const swath_points *a, size_t i, const swath_points *b, size_t j) {
    const float *x = swath_dense(a, i), *y = swath_dense(b, j);
    double sum = 0;
    for (size_t c = 0; c < a->dimension; c++) sum += ((double)x[c] - y[c]) * ((double)x[c] - y[c]);
    return sum;
}

/* The share of bits that agree. */
static double agreement(const swath_points *a, size_t i, const swath_points *b, size_t j) {
    const uint8_t *x = swath_bits(a, i), *y = swath_bits(b, j);
    size_t differ = 0;
    for (size_t c = 0; c < (a->dimension + 7) / 8; c++)
        for (unsigned different = x[c] ^ y[c]; different; different &= different - 1) differ++;
    return 1 - (double)differ / (double)a->dimension;
}

/* Common members over all members; `empty` if there are none. Members of a set are in ascending order. */
static double jaccard(const swath_points *a, size_t i, const swath_points *b, size_t j, double empty) {
    size_t n, m, p = 0, q = 0, common = 0;
    const uint32_t *x = swath_set(a, i, &n), *y = swath_set(b, j, &m);
    while (p < n && q < m) {
        if (x[p] == y[q]) common++, p++, q++;
        else if (x[p] < y[q]) p++;
        else q++;
    }
    return n + m == 0 ? empty : (double)common / (double)(n + m - common);
}

static int is(const exact *self, const char *distance) {
    return strcmp(self->data->distance, distance) == 0;
}

/* Larger for points that are nearer to the query. */
static double score(const exact *self, const swath_points *queries, size_t row, size_t id) {
    const swath_points *base = &self->data->base;
    if (is(self, "euclidean")) return -sqrt(squared_distance(queries, row, base, id));
    if (is(self, "hamming")) return agreement(queries, row, base, id);
    if (is(self, "jaccard")) return jaccard(queries, row, base, id, 0);
    double product = inner_product(queries, row, base, id);
    if (is(self, "ip") || self->norms[id] == 0) return product;
    return product / self->norms[id]; /* the query's norm changes no order */
}

/* Of two base points, as swath's own MMR has it: a Gaussian as wide as `sigma` for euclidean, the cosine for angular and ip. */
static double similarity(const exact *self, size_t a, size_t b, double sigma) {
    const swath_points *base = &self->data->base;
    if (is(self, "euclidean")) {
        double squared = squared_distance(base, a, base, b);
        return sigma > 0 ? exp(-squared / (2 * sigma * sigma)) : squared == 0;
    }
    if (is(self, "hamming")) return agreement(base, a, base, b);
    if (is(self, "jaccard")) return jaccard(base, a, base, b, 1);
    double norms = self->norms[a] * self->norms[b];
    return norms > 0 ? inner_product(base, a, base, b) / norms : 0;
}

/* ------------------------------------------------------------ what swath asks for */

static int open_dataset(void *state, const swath_dataset *data) {
    exact *self = state;
    self->data = data;
    const char *known[] = {"euclidean", "angular", "ip", "hamming", "jaccard"};
    for (int i = 0; i < 5; i++)
        if (is(self, known[i])) return 0;
    return swath_fail("this program has no distance %s", data->distance);
}

static int build(void *state, swath_params *params, uint64_t *bytes) {
    (void)params;
    exact *self = state;
    const swath_points *base = &self->data->base;
    free(self->norms);
    self->norms = NULL;
    *bytes = 0;
    if (base->kind == SWATH_DENSE || base->kind == SWATH_SPARSE) {
        self->norms = malloc((base->rows + 1) * sizeof(double));
        if (!self->norms) return swath_fail("no memory for %zu norms", base->rows);
        for (size_t id = 0; id < base->rows; id++) self->norms[id] = sqrt(inner_product(base, id, base, id));
        *bytes = base->rows * sizeof(double);
    }
    return 0;
}

static int set(void *state, swath_params *params) {
    exact *self = state;
    self->lambda = swath_number(params, "lambda", 1);
    if (!(self->lambda >= 0 && self->lambda <= 1)) return swath_fail("lambda is %g; it is to be from 0 to 1", self->lambda);
    return 0;
}

static int search(void *state, const swath_points *queries, size_t row, size_t k, swath_found *found) {
    const exact *self = state;
    size_t n = self->data->base.rows, count = 0;
    for (size_t id = 0; id < n; id++) {
        float value = (float)score(self, queries, row, id);
        if (count == k && (k == 0 || !(value > found->scores[k - 1]))) continue;
        size_t place = count < k ? count++ : k - 1;
        for (; place > 0 && value > found->scores[place - 1]; place--) {
            found->ids[place] = found->ids[place - 1];
            found->scores[place] = found->scores[place - 1];
        }
        found->ids[place] = (int32_t)id;
        found->scores[place] = value;
    }
    found->evaluations = (uint32_t)n;
    return (int)count;
}

static int search_batch(void *state, const swath_points *queries, size_t k, swath_found *found, int *counts) {
    for (size_t row = 0; row < queries->rows; row++) counts[row] = search(state, queries, row, k, found + row);
    return 0;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median distance between the query and the pool. */
static double width(const exact *self, const swath_points *queries, size_t row, const int32_t *ids, size_t size) {
    double *far = malloc((size + 1) * sizeof(double)), median = 0;
    if (!far) return 0;
    for (size_t i = 0; i < size; i++) far[i] = sqrt(squared_distance(queries, row, &self->data->base, (size_t)ids[i]));
    qsort(far, size, sizeof(double), by_size);
    if (size) median = (far[(size - 1) / 2] + far[size / 2]) / 2;
    free(far);
    return median;
}

static int select_some(void *state, const swath_points *queries, size_t row, const int32_t *pool_ids, const float *pool_scores,
                       size_t size, size_t k, swath_found *found) {
    const exact *self = state;
    double sigma = self->lambda < 1 && is(self, "euclidean") ? width(self, queries, row, pool_ids, size) : 0;
    double *alike = malloc((size + 1) * sizeof(double)); /* the largest similarity to what is picked */
    char *taken = calloc(size + 1, 1);
    size_t count = 0;
    if (!alike || !taken) {
        free(alike), free(taken);
        return swath_fail("no memory for a pool of %zu", size);
    }
    for (size_t i = 0; i < size; i++) alike[i] = -INFINITY;
    for (; count < k && count < size; count++) {
        size_t best = size;
        double largest = 0;
        for (size_t i = 0; i < size; i++) {
            if (taken[i]) continue;
            double value = count == 0 || self->lambda == 1 ? pool_scores[i]
                                                           : self->lambda * pool_scores[i] - (1 - self->lambda) * alike[i];
            if (best == size || value > largest) best = i, largest = value;
        }
        taken[best] = 1;
        found->ids[count] = pool_ids[best];
        for (size_t i = 0; i < size && self->lambda < 1; i++) {
            if (taken[i]) continue;
            double value = similarity(self, (size_t)pool_ids[best], (size_t)pool_ids[i], sigma);
            if (value > alike[i]) alike[i] = value;
        }
    }
    free(alike), free(taken);
    return (int)count;
}

int main(void) {
    exact self = {NULL, 1, NULL};
    swath_program program = {
        .name = "exact-c",
        .version = "1",
        .state = &self,
        .open = open_dataset,
        .build = build,
        .set = set,
        .search = search,
        .search_batch = search_batch,
        .select = select_some,
    };
    int code = swath_serve(&program);
    free(self.norms);
    return code;
}
