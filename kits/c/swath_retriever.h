/* Serve an algorithm written in C to swath. One header, C99 and POSIX, nothing else.
 *
 *     #include "swath_retriever.h"            // before other headers
 *
 *     static int search(void *state, const swath_points *queries, size_t row, size_t k, swath_found *found) {
 *         const float *query = swath_dense(queries, row);
 *         ...
 *         found->ids[0] = 7;                  // best first, at most k
 *         return 1;                           // how many ids there are
 *     }
 *
 *     int main(void) {
 *         swath_program program = {.name = "mine", .version = "1.0", .open = open, .build = build, .search = search};
 *         return swath_serve(&program);       // first of all, as it keeps standard output for the protocol
 *     }
 *
 * A function that fails returns swath_fail("what is wrong, as printf has it", ...). docs/protocol.md has the protocol.
 */
#ifndef SWATH_RETRIEVER_H
#define SWATH_RETRIEVER_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* ------------------------------------------------------------ what a program uses */

/* An array in a file, mapped into memory. Strides are in bytes. */
typedef struct {
    char *data;
    size_t rows, columns, row_stride, column_stride;
    void *map;
    size_t map_size;
} swath_array;

typedef enum { SWATH_DENSE, SWATH_BITS, SWATH_SETS, SWATH_SPARSE } swath_kind;

/* Points. Read them with the function of their kind, below. */
typedef struct {
    swath_kind kind;
    size_t rows, dimension;
    swath_array values;  /* dense: floats; bits: bytes; sparse: floats */
    swath_array members; /* sets: members; sparse: columns */
    swath_array offsets; /* sets and sparse */
} swath_points;

/* A row of dense vectors: `dimension` floats. */
static inline const float *swath_dense(const swath_points *points, size_t row) {
    return (const float *)(const void *)(points->values.data + row * points->values.row_stride);
}

/* A row of bits: the first is the highest bit of the first byte. */
static inline const uint8_t *swath_bits(const swath_points *points, size_t row) {
    return (const uint8_t *)(points->values.data + row * points->values.row_stride);
}

/* The members of a set, and how many there are. */
static inline const uint32_t *swath_set(const swath_points *points, size_t row, size_t *size) {
    const uint64_t *offsets = (const uint64_t *)(const void *)points->offsets.data;
    *size = (size_t)(offsets[row + 1] - offsets[row]);
    return (const uint32_t *)(const void *)points->members.data + offsets[row];
}

/* Columns and values of a sparse vector, and how many there are. */
static inline const int32_t *swath_sparse(const swath_points *points, size_t row, const float **values, size_t *size) {
    const uint64_t *offsets = (const uint64_t *)(const void *)points->offsets.data;
    *size = (size_t)(offsets[row + 1] - offsets[row]);
    *values = (const float *)(const void *)points->values.data + offsets[row];
    return (const int32_t *)(const void *)points->members.data + offsets[row];
}

/* The integer in a row and a column of `links` or `groups`. */
static inline int32_t swath_integer(const swath_array *array, size_t row, size_t column) {
    return *(const int32_t *)(const void *)(array->data + row * array->row_stride + column * array->column_stride);
}

typedef struct {
    const char *kind;
    swath_array of_row;
} swath_group;

/* What `open` is given. It stays as it is until the end. */
typedef struct {
    const char *role;     /* "candidates", "selector" or "retriever" */
    swath_points base;
    const char *distance; /* "euclidean", "angular", "ip", "hamming" or "jaccard" */
    int threads, build_threads;
    uint64_t seed;
    const char *scratch;  /* a folder of its own, also the working directory */
    /* Where the dataset has them: */
    int has_learn, has_links;
    swath_points learn;
    swath_array links;    /* (e, 2) */
    size_t group_count;
    const swath_group *groups;
    const char *names;    /* path of a text file, or NULL */
} swath_dataset;

/* Parameters of the experiment. A parameter that is given and asked for by neither function is an error. */
typedef struct swath_params swath_params;
static inline double swath_number(swath_params *params, const char *name, double otherwise);
static inline const char *swath_text(swath_params *params, const char *name, const char *otherwise);

/* What a search fills: room for k ids and scores. Scores are larger for better ids; leave them and the evaluations as they
   are if there are none. */
typedef struct {
    int32_t *ids;
    float *scores;
    uint32_t evaluations; /* how many distances were computed */
} swath_found;

/* The program. What it cannot do is NULL. Functions return 0 (search and select: the number of ids), or swath_fail(...). */
typedef struct {
    const char *name;
    const char *version; /* may be NULL; it must not change from start to start */
    int normalised;      /* for angular: whether it needs or makes unit vectors */
    void *state;         /* given to each function */
    int (*open)(void *state, const swath_dataset *dataset);
    int (*build)(void *state, swath_params *params, uint64_t *bytes); /* bytes of the index, if it sets them */
    int (*set)(void *state, swath_params *params);
    void (*set_threads)(void *state, int threads); /* before the build, and before the first search after it */
    int (*search)(void *state, const swath_points *queries, size_t row, size_t k, swath_found *found);
    /* All rows at once: found[i].ids and how many there are in counts[i], for each row i. */
    int (*search_batch)(void *state, const swath_points *queries, size_t k, swath_found *found, int *counts);
    int (*select)(void *state, const swath_points *queries, size_t row, const int32_t *pool_ids, const float *pool_scores,
                  size_t pool_size, size_t k, swath_found *found);
} swath_program;

static inline int swath_fail(const char *format, ...);

/* Answers swath until it ends; main returns what it returns. */
static inline int swath_serve(const swath_program *program);

/* ------------------------------------------------------------ errors */

static char swath_message[2048];

static inline int swath_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(swath_message, sizeof swath_message, format, arguments);
    va_end(arguments);
    return -1;
}

/* ------------------------------------------------------------ JSON: what the lines of swath need */

typedef enum { SWATH_NULL, SWATH_BOOL, SWATH_NUMBER, SWATH_STRING, SWATH_LIST, SWATH_OBJECT } swath_json_type;

typedef struct swath_json {
    swath_json_type type;
    char *key;                     /* in an object */
    char *text;                    /* of a string; it ends in a 0 */
    double number;
    int used;
    struct swath_json *first, *next; /* children, and what follows in the same list */
} swath_json;

struct swath_params {
    const char *operation;
    swath_json *object;
    int failed;
};

static inline void swath_json_free(swath_json *value) {
    while (value) {
        swath_json *next = value->next;
        swath_json_free(value->first);
        free(value);
        value = next;
    }
}

static inline void swath_json_space(char **at) {
    *at += strspn(*at, " \t\r\n");
}

static inline int swath_json_hex(const char *at) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdefABCDEF";
        const char *digit = at[i] ? strchr(digits, at[i]) : NULL;
        if (!digit) return -1;
        int index = (int)(digit - digits);
        value = value * 16 + (index < 16 ? index : index - 6);
    }
    return value;
}

/* A string, decoded in place. NULL if it is none. */
static inline char *swath_json_string(char **at) {
    if (**at != '"') return NULL;
    char *from = *at + 1, *to = from, *text = from;
    while (*from && *from != '"') {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        const char *names = "\"\\/bfnrt", *means = "\"\\/\b\f\n\r\t";
        const char *name = from[1] ? strchr(names, from[1]) : NULL;
        if (name) {
            *to++ = means[name - names];
            from += 2;
            continue;
        }
        if (from[1] != 'u') return NULL;
        int code = swath_json_hex(from + 2);
        if (code < 0) return NULL;
        from += 6;
        if (code >= 0xD800 && code < 0xDC00 && from[0] == '\\' && from[1] == 'u') {
            int low = swath_json_hex(from + 2);
            if (low < 0xDC00 || low > 0xDFFF) return NULL;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            from += 6;
        }
        if (code < 0x80) {
            *to++ = (char)code;
        } else if (code < 0x800) {
            *to++ = (char)(0xC0 | code >> 6);
            *to++ = (char)(0x80 | (code & 63));
        } else if (code < 0x10000) {
            *to++ = (char)(0xE0 | code >> 12);
            *to++ = (char)(0x80 | (code >> 6 & 63));
            *to++ = (char)(0x80 | (code & 63));
        } else {
            *to++ = (char)(0xF0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 63));
            *to++ = (char)(0x80 | (code >> 6 & 63));
            *to++ = (char)(0x80 | (code & 63));
        }
    }
    if (*from != '"') return NULL;
    *at = from + 1;
    *to = 0;
    return text;
}

/* A value, or NULL if there is none. It points into the line. */
static inline swath_json *swath_json_read(char **at, int depth) {
    swath_json *value = (swath_json *)calloc(1, sizeof *value);
    if (!value || depth > 32) goto wrong;
    swath_json_space(at);
    if (**at == '"') {
        value->type = SWATH_STRING;
        value->text = swath_json_string(at);
        if (!value->text) goto wrong;
    } else if (**at == '{' || **at == '[') {
        char close = **at == '{' ? '}' : ']';
        value->type = **at == '{' ? SWATH_OBJECT : SWATH_LIST;
        swath_json **last = &value->first;
        ++*at;
        swath_json_space(at);
        while (**at != close) {
            char *key = NULL;
            if (close == '}') {
                key = swath_json_string(at);
                if (!key) goto wrong;
                swath_json_space(at);
                if (**at != ':') goto wrong;
                ++*at;
            }
            *last = swath_json_read(at, depth + 1);
            if (!*last) goto wrong;
            (*last)->key = key;
            last = &(*last)->next;
            swath_json_space(at);
            if (**at == ',') {
                ++*at;
                swath_json_space(at);
                if (**at == close) goto wrong;
            } else if (**at != close) {
                goto wrong;
            }
        }
        ++*at;
    } else if (strncmp(*at, "true", 4) == 0) {
        value->type = SWATH_BOOL;
        value->number = 1;
        *at += 4;
    } else if (strncmp(*at, "false", 5) == 0) {
        value->type = SWATH_BOOL;
        *at += 5;
    } else if (strncmp(*at, "null", 4) == 0) {
        *at += 4;
    } else {
        char *end = *at;
        if (strchr("-0123456789", **at) && **at) value->number = strtod(*at, &end);
        if (end == *at || !isfinite(value->number)) goto wrong;
        value->type = SWATH_NUMBER;
        *at = end;
    }
    return value;
wrong:
    swath_json_free(value);
    return NULL;
}

static inline swath_json *swath_json_get(const swath_json *object, const char *key) {
    if (!object || object->type != SWATH_OBJECT) return NULL;
    for (swath_json *value = object->first; value; value = value->next)
        if (strcmp(value->key, key) == 0) return value->type == SWATH_NULL ? NULL : value;
    return NULL;
}

static inline const char *swath_json_text(const swath_json *object, const char *key, const char *otherwise) {
    swath_json *value = swath_json_get(object, key);
    return value && value->type == SWATH_STRING ? value->text : otherwise;
}

/* A whole number that is not negative. */
static inline int swath_json_whole(const swath_json *object, const char *key, uint64_t *number) {
    swath_json *value = swath_json_get(object, key);
    *number = 0;
    if (!value || value->type != SWATH_NUMBER || value->number < 0 || value->number > 9007199254740992.0)
        return swath_fail("\"%s\" is no whole number, or not there", key);
    *number = (uint64_t)value->number;
    return 0;
}

static inline double swath_number(swath_params *params, const char *name, double otherwise) {
    swath_json *value = swath_json_get(params->object, name);
    if (!value) return otherwise;
    value->used = 1;
    if (value->type == SWATH_NUMBER || value->type == SWATH_BOOL) return value->number;
    params->failed = swath_fail("%s: the parameter \"%s\" is to be a number", params->operation, name);
    return otherwise;
}

static inline const char *swath_text(swath_params *params, const char *name, const char *otherwise) {
    swath_json *value = swath_json_get(params->object, name);
    if (!value) return otherwise;
    value->used = 1;
    if (value->type == SWATH_STRING) return value->text;
    params->failed = swath_fail("%s: the parameter \"%s\" is to be a text", params->operation, name);
    return otherwise;
}

static inline int swath_params_end(const swath_params *params) {
    if (params->failed) return -1;
    for (swath_json *value = params->object ? params->object->first : NULL; value; value = value->next)
        if (!value->used) return swath_fail("%s has no parameter \"%s\"", params->operation, value->key);
    return 0;
}

/* ------------------------------------------------------------ arrays */

static inline void swath_unmap(swath_array *array) {
    if (array->map) munmap(array->map, array->map_size);
    array->map = NULL;
}

/* Maps an array of that type. Its file keeps its size. */
static inline int swath_map(const swath_json *from, const char *what, const char *dtype, int writable, swath_array *array) {
    memset(array, 0, sizeof *array);
    const char *path = swath_json_text(from, "path", NULL), *has = swath_json_text(from, "dtype", "");
    swath_json *shape = swath_json_get(from, "shape"), *strides = swath_json_get(from, "strides");
    uint64_t offset = 0;
    if (!path || !shape || !strides || swath_json_whole(from, "offset", &offset) < 0)
        return swath_fail("%s: no array was given", what);
    if (strcmp(has, dtype) != 0) return swath_fail("%s: the array is of type %s, not %s", what, has, dtype);
    size_t size = (size_t)(dtype[2] - '0'), lengths[2] = {1, 1}, steps[2] = {size, size}, dimensions = 0;
    for (swath_json *s = shape->first, *t = strides->first; s; s = s->next, t = t->next, dimensions++) {
        if (!t || dimensions == 2) return swath_fail("%s: the array is to have one or two dimensions, each with a stride", what);
        lengths[dimensions] = (size_t)s->number;
        steps[dimensions] = (size_t)t->number;
    }
    array->rows = lengths[0], array->columns = lengths[1];
    array->row_stride = steps[0], array->column_stride = steps[1];
    if (lengths[0] == 0 || lengths[1] == 0) return 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), start = (size_t)offset / page * page;
    size_t end = (size_t)offset + (lengths[0] - 1) * steps[0] + (lengths[1] - 1) * steps[1] + size;
    int file = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (file < 0) return swath_fail("%s: %s: %s", what, path, strerror(errno));
    off_t length = lseek(file, 0, SEEK_END);
    if (length < 0 || (size_t)length < end) {
        close(file);
        return swath_fail("%s: %s is shorter than the array in it", what, path);
    }
    array->map_size = end - start;
    array->map = mmap(NULL, array->map_size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, (off_t)start);
    close(file);
    if (array->map == MAP_FAILED) {
        array->map = NULL;
        return swath_fail("%s: %s cannot be mapped: %s", what, path, strerror(errno));
    }
    array->data = (char *)array->map + (offset - start);
    return 0;
}

static inline void swath_unmap_points(swath_points *points) {
    swath_unmap(&points->values);
    swath_unmap(&points->members);
    swath_unmap(&points->offsets);
}

static inline int swath_map_points(const swath_json *from, const char *what, size_t dimension, swath_points *points) {
    memset(points, 0, sizeof *points);
    points->dimension = dimension;
    swath_json *members = swath_json_get(from, "members"), *columns = swath_json_get(from, "columns");
    if (!members && !columns) {
        int bits = strcmp(swath_json_text(from, "dtype", ""), "|u1") == 0;
        points->kind = bits ? SWATH_BITS : SWATH_DENSE;
        if (swath_map(from, what, bits ? "|u1" : "<f4", 0, &points->values) < 0) return -1;
        if (points->values.column_stride != (bits ? 1 : sizeof(float)))
            return swath_fail("%s: the columns of a row do not follow each other", what);
        points->rows = points->values.rows;
        return 0;
    }
    points->kind = members ? SWATH_SETS : SWATH_SPARSE;
    if (swath_map(swath_json_get(from, "offsets"), what, "<u8", 0, &points->offsets) < 0) return -1;
    if (swath_map(members ? members : columns, what, members ? "<u4" : "<i4", 0, &points->members) < 0) return -1;
    if (columns && swath_map(swath_json_get(from, "values"), what, "<f4", 0, &points->values) < 0) return -1;
    if (points->offsets.rows == 0) return swath_fail("%s: there are no offsets", what);
    points->rows = points->offsets.rows - 1;
    return 0;
}

static inline void *swath_at(const swath_array *array, size_t row, size_t column) {
    return array->data + row * array->row_stride + column * array->column_stride;
}

/* ------------------------------------------------------------ a block of queries */

static inline uint64_t swath_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef struct {
    uint64_t first, n, k;
    int batch;
    swath_points queries;
    swath_array ids, ns, scores, evaluations, pool_ids, pool_scores;
    int has_ns, has_scores, has_evaluations;
    int32_t *own_ids; /* what is found: k of each row, or of one */
    float *own_scores;
    swath_found *found;
    int *counts;
} swath_block;

static inline void swath_block_free(swath_block *block) {
    swath_array *arrays[] = {&block->ids, &block->ns, &block->scores, &block->evaluations, &block->pool_ids, &block->pool_scores};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) swath_unmap(arrays[i]);
    swath_unmap_points(&block->queries);
    free(block->own_ids), free(block->own_scores), free(block->found), free(block->counts);
}

static inline int swath_block_read(const swath_json *line, size_t dimension, int pool, swath_block *block) {
    uint64_t to;
    memset(block, 0, sizeof *block);
    if (swath_json_whole(line, "from", &block->first) < 0 || swath_json_whole(line, "to", &to) < 0) return -1;
    if (swath_json_whole(line, "k", &block->k) < 0) return -1;
    if (to < block->first) return swath_fail("\"to\" is below \"from\"");
    block->n = to - block->first;
    block->batch = strcmp(swath_json_text(line, "mode", "single"), "batch") == 0;
    swath_json *ns = swath_json_get(line, "ns"), *scores = swath_json_get(line, "scores");
    swath_json *evaluations = swath_json_get(line, "evaluations");
    block->has_ns = ns != NULL, block->has_scores = scores != NULL, block->has_evaluations = evaluations != NULL;
    if (swath_map_points(swath_json_get(line, "queries"), "queries", dimension, &block->queries) < 0) return -1;
    if (swath_map(swath_json_get(line, "ids"), "ids", "<i4", 1, &block->ids) < 0) return -1;
    if (ns && swath_map(ns, "ns", "<u8", 1, &block->ns) < 0) return -1;
    if (scores && swath_map(scores, "scores", "<f4", 1, &block->scores) < 0) return -1;
    if (evaluations && swath_map(evaluations, "evaluations", "<u4", 1, &block->evaluations) < 0) return -1;
    if (pool) {
        if (swath_map(swath_json_get(line, "pool_ids"), "pool_ids", "<i4", 0, &block->pool_ids) < 0) return -1;
        if (swath_map(swath_json_get(line, "pool_scores"), "pool_scores", "<f4", 0, &block->pool_scores) < 0) return -1;
        if (block->pool_ids.column_stride != 4 || block->pool_scores.column_stride != 4)
            return swath_fail("pool: the columns of a row do not follow each other");
    }
    const swath_array *filled[] = {&block->ids, &block->ns, &block->scores, &block->evaluations, &block->pool_ids};
    int has[] = {1, ns != NULL, scores != NULL, evaluations != NULL, pool};
    for (int i = 0; i < 5; i++)
        if (has[i] && filled[i]->rows < block->n) return swath_fail("an array has fewer rows than there are queries");
    if (block->ids.columns < block->k || (scores && block->scores.columns < block->k) || block->queries.rows < block->n)
        return swath_fail("an array is smaller than the block");
    size_t rows = block->batch ? block->n : 1;
    block->own_ids = (int32_t *)malloc(rows * block->k * sizeof(int32_t) + 1);
    block->own_scores = (float *)malloc(rows * block->k * sizeof(float) + 1);
    block->found = (swath_found *)malloc(rows * sizeof(swath_found) + 1);
    block->counts = (int *)malloc(rows * sizeof(int) + 1);
    if (!block->own_ids || !block->own_scores || !block->found || !block->counts) return swath_fail("no memory is left");
    return 0;
}

/* Makes a place ready for what is found next. */
static inline swath_found *swath_block_place(swath_block *block, size_t row) {
    swath_found *found = block->found + row;
    found->ids = block->own_ids + row * block->k;
    found->scores = block->own_scores + row * block->k;
    found->evaluations = UINT32_MAX;
    if (block->k) found->scores[0] = NAN;
    return found;
}

/* Writes what was found for a row. */
static inline int swath_block_write(swath_block *block, size_t row, const swath_found *found, int count) {
    unsigned long long number = (unsigned long long)(block->first + row);
    if ((uint64_t)count > block->k)
        return swath_fail("row %llu: %d ids were returned, at most k = %llu were asked for", number, count,
                          (unsigned long long)block->k);
    for (size_t j = 0; j < block->k; j++) {
        int32_t id = j < (size_t)count ? found->ids[j] : -1;
        if (id < 0 && j < (size_t)count) return swath_fail("row %llu: %ld is no id", number, (long)id);
        *(int32_t *)swath_at(&block->ids, row, j) = id;
    }
    if (block->has_scores && count && !isnan(found->scores[0]))
        for (size_t j = 0; j < (size_t)count; j++) *(float *)swath_at(&block->scores, row, j) = found->scores[j];
    if (block->has_evaluations && found->evaluations != UINT32_MAX)
        *(uint32_t *)swath_at(&block->evaluations, row, 0) = found->evaluations;
    return 0;
}

static inline int swath_block_fill(swath_block *block, const swath_program *program, const char *operation) {
    int echo = strcmp(operation, "echo") == 0, selecting = strcmp(operation, "select") == 0;
    if (block->batch && !selecting) {
        for (size_t i = 0; i < block->n; i++) {
            swath_block_place(block, i);
            block->counts[i] = 0;
        }
        if (!echo && block->n && program->search_batch(program->state, &block->queries, block->k, block->found, block->counts) < 0)
            return -1;
        for (size_t i = 0; i < block->n; i++)
            if (swath_block_write(block, i, block->found + i, block->counts[i]) < 0) return -1;
        return 0;
    }
    for (size_t i = 0; i < block->n; i++) {
        swath_found *found = swath_block_place(block, 0);
        int count = 0;
        uint64_t begin, end;
        if (selecting) {
            const int32_t *ids = (const int32_t *)swath_at(&block->pool_ids, i, 0);
            const float *scores = (const float *)swath_at(&block->pool_scores, i, 0);
            size_t size = 0;
            while (size < block->pool_ids.columns && ids[size] >= 0) size++;
            begin = swath_clock();
            count = program->select(program->state, &block->queries, i, ids, scores, size, block->k, found);
            end = swath_clock();
        } else {
            begin = swath_clock();
            if (!echo) count = program->search(program->state, &block->queries, i, block->k, found);
            end = swath_clock();
        }
        if (count < 0) return -1;
        if (swath_block_write(block, i, found, count) < 0) return -1;
        if (block->has_ns) *(uint64_t *)swath_at(&block->ns, i, 0) = echo ? 0 : end - begin;
    }
    return 0;
}

/* ------------------------------------------------------------ the conversation */

typedef struct {
    int answers; /* the true standard output */
    const swath_program *program;
    swath_dataset dataset;
    swath_group *groups;
    swath_json *opened; /* the line of `open`: its texts are used */
    char *opened_text;
    int narrowed;
} swath_server;

static inline int swath_write(int to, const char *text) {
    size_t left = strlen(text);
    while (left) {
        ssize_t done = write(to, text, left);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return -1;
        text += done;
        left -= (size_t)done;
    }
    return 0;
}

/* A text as JSON has it; bytes that are no UTF-8 become question marks. */
static inline void swath_quote(const char *text, char *to, size_t room) {
    size_t used = 0;
    to[used++] = '"';
    while (*text && used + 16 < room) {
        unsigned char c = (unsigned char)*text;
        size_t more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 4, i = 1;
        while (i <= more && more < 4 && ((unsigned char)text[i] & 0xC0) == 0x80) i++;
        int surrogate = c == 0xED && (unsigned char)text[1] >= 0xA0;
        int overlong = (c == 0xE0 && (unsigned char)text[1] < 0xA0) || (c == 0xF0 && (unsigned char)text[1] < 0x90);
        int beyond = c == 0xF4 && (unsigned char)text[1] > 0x8F;
        if (more == 4 || i <= more || surrogate || overlong || beyond) {
            to[used++] = '?';
            text++;
        } else if (c == '"' || c == '\\') {
            to[used++] = '\\';
            to[used++] = *text++;
        } else if (c < 0x20) {
            used += (size_t)snprintf(to + used, 7, "\\u%04x", c);
            text++;
        } else {
            for (i = 0; i <= more; i++) to[used++] = *text++;
        }
    }
    to[used++] = '"';
    to[used] = 0;
}

static inline int swath_open(swath_server *server, const swath_json *line) {
    swath_dataset *d = &server->dataset;
    if (server->opened) return swath_fail("\"open\" came twice");
    memset(d, 0, sizeof *d);
    uint64_t dimension, threads, build_threads;
    if (swath_json_whole(line, "dimension", &dimension) < 0 || swath_json_whole(line, "threads", &threads) < 0) return -1;
    if (swath_json_whole(line, "build_threads", &build_threads) < 0 || swath_json_whole(line, "seed", &d->seed) < 0) return -1;
    d->role = swath_json_text(line, "role", "candidates");
    d->distance = swath_json_text(line, "distance", "");
    d->scratch = swath_json_text(line, "scratch", ".");
    d->names = swath_json_text(line, "names", NULL);
    d->threads = (int)threads, d->build_threads = (int)build_threads;
    if (swath_map_points(swath_json_get(line, "base"), "base", (size_t)dimension, &d->base) < 0) return -1;
    swath_json *learn = swath_json_get(line, "learn"), *links = swath_json_get(line, "links");
    swath_json *groups = swath_json_get(line, "groups");
    d->has_learn = learn != NULL, d->has_links = links != NULL;
    if (learn && swath_map_points(learn, "learn", (size_t)dimension, &d->learn) < 0) return -1;
    if (links && swath_map(links, "links", "<i4", 0, &d->links) < 0) return -1;
    for (swath_json *group = groups ? groups->first : NULL; group; group = group->next) {
        swath_group *more = (swath_group *)realloc(server->groups, (d->group_count + 1) * sizeof *more);
        if (!more) return swath_fail("no memory is left");
        server->groups = more;
        d->groups = more;
        more[d->group_count].kind = group->key;
        if (swath_map(group, "groups", "<i4", 0, &more[d->group_count].of_row) < 0) return -1;
        d->group_count++;
    }
    return server->program->open ? server->program->open(server->program->state, d) : 0;
}

/* Does what a line asks for. The answer is 0, -1 (failed) or -2 (unsupported). More fields of the answer go to `extra`. */
static inline int swath_do(swath_server *server, const char *op, const swath_json *line, char *extra, size_t room) {
    const swath_program *p = server->program;
    if (strcmp(op, "end") == 0) return 0;
    if (strcmp(op, "open") == 0) return swath_open(server, line);
    int building = strcmp(op, "build") == 0, searching = strcmp(op, "search") == 0, selecting = strcmp(op, "select") == 0;
    int block = searching || selecting || strcmp(op, "echo") == 0;
    if (!building && !block && strcmp(op, "set") != 0) return swath_fail("unknown op \"%s\"", op), -2;
    if (!server->opened) return swath_fail("\"%s\" came before \"open\"", op);
    if (!block) {
        swath_params params = {op, swath_json_get(line, "params"), 0};
        uint64_t bytes = UINT64_MAX;
        int (*set)(void *, swath_params *) = p->set;
        if (building && p->set_threads) p->set_threads(p->state, server->dataset.build_threads);
        if (building) server->narrowed = 0;
        if (building && p->build && p->build(p->state, &params, &bytes) < 0) return -1;
        if (!building && set && set(p->state, &params) < 0) return -1;
        if (building && bytes != UINT64_MAX) snprintf(extra, room, ", \"bytes\": %llu", (unsigned long long)bytes);
        return swath_params_end(&params);
    }
    swath_block rows;
    if (!server->narrowed && p->set_threads) p->set_threads(p->state, server->dataset.threads);
    server->narrowed = 1;
    int batch = strcmp(swath_json_text(line, "mode", "single"), "batch") == 0;
    if (searching && !p->search) return swath_fail("this program is no index: it has no search"), -2;
    if (searching && batch && !p->search_batch) return swath_fail("this program answers single queries only"), -2;
    if (selecting && !p->select) return swath_fail("this program is no selector: it has no select"), -2;
    int done = swath_block_read(line, server->dataset.base.dimension, selecting, &rows);
    if (done == 0) done = swath_block_fill(&rows, p, op);
    swath_block_free(&rows);
    return done;
}

static inline int swath_hello(const swath_server *server) {
    const swath_program *p = server->program;
    char name[512], version[512], version_field[600] = "", line[2048];
    swath_quote(p->name, name, sizeof name);
    if (p->version) {
        swath_quote(p->version, version, sizeof version);
        snprintf(version_field, sizeof version_field, ", \"version\": %s", version);
    }
    const char *can = p->search ? "\"candidates\", \"retriever\"" : "", *comma = p->search && p->select ? ", " : "";
    const char *selector = p->select ? "\"selector\"" : "", *batch = p->search_batch ? ", \"batch\"" : "";
    const char *format = "{\"swath\": 1, \"name\": %s, \"info\": {\"kit\": \"c\"%s, \"normalised\": %s}, ";
    int used = snprintf(line, sizeof line, format, name, version_field, p->normalised ? "true" : "false");
    snprintf(line + used, sizeof line - (size_t)used, "\"can\": [%s%s%s%s]}\n", can, comma, selector, batch);
    return swath_write(server->answers, line);
}

static inline int swath_serve(const swath_program *program) {
    swath_server server;
    memset(&server, 0, sizeof server);
    server.program = program;
    if ((!program->search && !program->select) || (program->search_batch && !program->search)) {
        fprintf(stderr, "%s: a program has search or select, and search if it has search_batch\n", program->name);
        return 1;
    }
    /* Standard output is the protocol's alone, and so is standard input: what else is printed goes to standard error. */
    int asked = fcntl(0, F_DUPFD_CLOEXEC, 3), nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    server.answers = fcntl(1, F_DUPFD_CLOEXEC, 3);
    FILE *lines = asked < 0 ? NULL : fdopen(asked, "r");
    if (!lines || server.answers < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(2, 1) < 0) {
        fprintf(stderr, "%s: standard input and output cannot be kept: %s\n", program->name, strerror(errno));
        return 1;
    }
    close(nothing);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (swath_hello(&server) < 0) return 0;
    char *text = NULL;
    size_t room = 0;
    int last = 0, gone = 0;
    while (!last && !gone && getline(&text, &room, lines) > 0) {
        uint64_t begin = swath_clock();
        char extra[64] = "", quoted[sizeof swath_message * 2], answer[sizeof quoted + 256], *at = text;
        swath_message[0] = 0;
        swath_json *line = swath_json_read(&at, 0);
        swath_json_space(&at);
        const char *op = line && !*at ? swath_json_text(line, "op", "") : "";
        int opening = strcmp(op, "open") == 0;
        int done = !line || *at ? swath_fail("a line is to be one JSON object") : swath_do(&server, op, line, extra, sizeof extra);
        last = strcmp(op, "end") == 0;
        if (opening && done == 0 && !server.opened) {
            /* What was read stays, as the dataset points into it. */
            server.opened = line, server.opened_text = text;
            line = NULL, text = NULL, room = 0;
        }
        swath_json_free(line);
        if (done == 0) {
            snprintf(answer, sizeof answer, "{\"ok\": true, \"ns\": %llu%s}\n", (unsigned long long)(swath_clock() - begin), extra);
        } else {
            swath_quote(swath_message[0] ? swath_message : "it failed, and did not say why", quoted, sizeof quoted);
            const char *kind = done == -2 ? "unsupported" : "failed";
            snprintf(answer, sizeof answer, "{\"ok\": false, \"kind\": \"%s\", \"message\": %s}\n", kind, quoted);
        }
        gone = swath_write(server.answers, answer) < 0;
    }
    free(text);
    fclose(lines);
    swath_json_free(server.opened);
    free(server.opened_text);
    free(server.groups);
    return 0;
}

#endif
