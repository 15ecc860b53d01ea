#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "problem.h"
#include "unmask_blas.h"

struct unmask_lists {
    std::unique_ptr<faiss::IndexIVFPQ> index;
    std::vector<uint8_t> file;
};

namespace {

/// FAISS multiplies matrices by OpenBLAS, and its loops take as many threads as their caller has asked for.
void prepare(size_t threads) {
    if (const char *problem = unmask_blas_open()) throw std::runtime_error(problem);
    omp_set_num_threads(int(threads));
}

/// Reads what lies in memory, and nothing behind it.
struct BytesReader final : faiss::IOReader {
    const uint8_t *next;
    size_t left;

    BytesReader(const void *bytes, size_t count) : next(static_cast<const uint8_t *>(bytes)), left(count) {}

    size_t operator()(void *target, size_t size, size_t items) override {
        const size_t whole = size == 0 ? 0 : std::min(items, left / size);
        std::memcpy(target, next, whole * size);
        next += whole * size;
        left -= whole * size;
        return whole;
    }
};

}  // namespace

unmask_lists *unmask_lists_train(
    size_t width, size_t lists, size_t parts, size_t count, const float *x, size_t threads,
    unmask_faiss_problem *problem) {
    return unmask_guarded(problem, static_cast<unmask_lists *>(nullptr), [&] {
        prepare(threads);
        auto made = std::make_unique<unmask_lists>();
        auto middles = std::make_unique<faiss::IndexFlatL2>(faiss::Index::idx_t(width));
        made->index = std::make_unique<faiss::IndexIVFPQ>(middles.get(), width, lists, parts, 8);
        made->index->own_fields = true;
        middles.release();
        // What was asked for is enough of each: FAISS warns on standard error of fewer.
        made->index->cp.min_points_per_centroid = 1;
        made->index->pq.cp.min_points_per_centroid = 1;
        // Its table for each list would be several times as large as the codes.
        made->index->use_precomputed_table = -1;
        made->index->train(faiss::Index::idx_t(count), x);
        return made.release();
    });
}

bool unmask_lists_add(
    unmask_lists *lists, size_t count, const float *x, const int64_t *rows, size_t threads,
    unmask_faiss_problem *problem) {
    return unmask_guarded(problem, false, [&] {
        prepare(threads);
        lists->index->add_with_ids(faiss::Index::idx_t(count), x, rows);
        return true;
    });
}

const uint8_t *unmask_lists_write(unmask_lists *lists, size_t *count, unmask_faiss_problem *problem) {
    return unmask_guarded(problem, static_cast<const uint8_t *>(nullptr), [&]() -> const uint8_t * {
        faiss::VectorIOWriter writer;
        faiss::write_index(lists->index.get(), &writer);
        lists->file = std::move(writer.data);
        *count = lists->file.size();
        return lists->file.data();
    });
}

unmask_lists *unmask_lists_read(
    size_t width, size_t rows, const void *bytes, size_t count, unmask_faiss_problem *problem) {
    return unmask_guarded(problem, static_cast<unmask_lists *>(nullptr), [&] {
        prepare(1);
        BytesReader reader(bytes, count);
        std::unique_ptr<faiss::Index> read(faiss::read_index(&reader, faiss::IO_FLAG_SKIP_PRECOMPUTE_TABLE));
        auto *index = dynamic_cast<faiss::IndexIVFPQ *>(read.get());
        if (index == nullptr || size_t(index->d) != width || size_t(index->ntotal) != rows || reader.left != 0) {
            throw std::runtime_error("it is no inverted file of so many rows");
        }
        auto made = std::make_unique<unmask_lists>();
        read.release();
        made->index.reset(index);
        return made.release();
    });
}

size_t unmask_lists_search(
    const unmask_lists *lists, const float *query, size_t probes, size_t count, int64_t *found,
    unmask_faiss_problem *problem) {
    return unmask_guarded(problem, std::numeric_limits<size_t>::max(), [&]() -> size_t {
        // One query is one thread's work.
        prepare(1);
        faiss::IVFSearchParameters parameters;
        parameters.nprobe = std::min(probes, lists->index->nlist);
        std::vector<float> distances(count);
        lists->index->search(1, query, faiss::Index::idx_t(count), distances.data(), found, &parameters);
        return size_t(std::remove(found, found + count, -1) - found);
    });
}

void unmask_lists_free(unmask_lists *lists) { delete lists; }
