#ifndef UNMASK_FAISS_H
#define UNMASK_FAISS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// FAISS, behind an interface of C: no exception leaves it. What can fail returns false or NULL, and says why in `problem`.

#ifdef __cplusplus
extern "C" {
#endif

/// A reason, cut where it is longer.
typedef struct unmask_faiss_problem {
    char text[256];
} unmask_faiss_problem;

/// sums[r] = Σ x[r, i] · y[i], exact: a kernel of CUnmaskKernels.
typedef void (*unmask_faiss_dot)(
    size_t rows, size_t width, const int8_t *x, size_t ldx, const int16_t *y, int32_t *sums);

/// Rows that a graph joins: bytes with a scale for each row, in shards of equal size. They belong to the caller, and stay where
/// they are while the graph lives.
typedef struct unmask_graph_rows {
    size_t count, width, per_shard;
    const int8_t *const *whole;   ///< [shards], each [per_shard, width]
    const float *const *scales;   ///< [shards], each [per_shard]
    unmask_faiss_dot dot;
} unmask_graph_rows;

/// A graph of rows (Malkov and Yashunin 2016, "Hierarchical Navigable Small World graphs"): FAISS's HNSW, without vectors of its
/// own.
typedef struct unmask_graph unmask_graph;

/// A graph that joins nothing yet.
///
/// `links`: that a row keeps on every level, twice as many on the lowest. `effort`: rows that are kept in view while one is
/// added. The tables of `rows` are copied, what they point to is not.
unmask_graph *unmask_graph_create(
    const unmask_graph_rows *rows, size_t links, size_t effort, unmask_faiss_problem *problem);

/// The order in which rows are added: those of the highest levels first, else by chance. [count]
const int32_t *unmask_graph_order(const unmask_graph *graph);

/// Adds the rows at these places of the order, by so many threads.
bool unmask_graph_add(unmask_graph *graph, size_t from, size_t to, size_t threads, unmask_faiss_problem *problem);

/// The bytes of a graph's file, and the file.
size_t unmask_graph_byte_count(const unmask_graph *graph);
void unmask_graph_write(const unmask_graph *graph, void *bytes);

/// A graph from its file's bytes, every link of which is checked.
unmask_graph *unmask_graph_read(
    const unmask_graph_rows *rows, const void *bytes, size_t count, unmask_faiss_problem *problem);

/// Finds up to `count` rows near a query of whole numbers, in no order, keeping as many in view as it goes.
///
/// Any number of threads may search at once. Returns how many were found; SIZE_MAX where that failed.
size_t unmask_graph_search(
    const unmask_graph *graph, const int16_t *query, size_t count, int64_t *found, unmask_faiss_problem *problem);

void unmask_graph_free(unmask_graph *graph);

/// An inverted file of rows' product quantisation (Jégou, Douze and Schmid 2011): FAISS's IndexIVFPQ. Needs OpenBLAS.
typedef struct unmask_lists unmask_lists;

/// One without rows: `lists` middles, and codes of `parts` bytes, learned of x [count, width], at least 256 rows. `parts` divides
/// `width`.
unmask_lists *unmask_lists_train(
    size_t width, size_t lists, size_t parts, size_t count, const float *x, size_t threads,
    unmask_faiss_problem *problem);

/// Adds x [count, width], of which row i is called rows[i].
bool unmask_lists_add(
    unmask_lists *lists, size_t count, const float *x, const int64_t *rows, size_t threads,
    unmask_faiss_problem *problem);

/// Its file: `*count` bytes, which stay until the next call.
const uint8_t *unmask_lists_write(unmask_lists *lists, size_t *count, unmask_faiss_problem *problem);

/// One from its file's bytes, whose checksum was compared: FAISS's reader trusts them.
unmask_lists *unmask_lists_read(
    size_t width, size_t rows, const void *bytes, size_t count, unmask_faiss_problem *problem);

/// Finds up to `count` rows near a query, in the lists of so many middles that are nearest to it.
///
/// Any number of threads may search at once. Returns how many were found; SIZE_MAX where that failed.
size_t unmask_lists_search(
    const unmask_lists *lists, const float *query, size_t probes, size_t count, int64_t *found,
    unmask_faiss_problem *problem);

void unmask_lists_free(unmask_lists *lists);

#ifdef __cplusplus
}
#endif

#endif
