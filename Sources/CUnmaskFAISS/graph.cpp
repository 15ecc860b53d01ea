#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/DistanceComputer.h>
#include <faiss/impl/HNSW.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include "problem.h"

namespace {

/// Negative products, the less the nearer: of rows with a query of whole numbers, or with one another.
struct Distances final : faiss::DistanceComputer {
    const unmask_graph_rows &rows;
    const int16_t *query = nullptr;
    float scale = 1;
    std::vector<int16_t> own, other;
    idx_t otherRow = -1;

    explicit Distances(const unmask_graph_rows &rows) : rows(rows), own(rows.width), other(rows.width) {}

    const int8_t *whole(idx_t row) const {
        return rows.whole[size_t(row) / rows.per_shard] + size_t(row) % rows.per_shard * rows.width;
    }
    float scaleOf(idx_t row) const { return rows.scales[size_t(row) / rows.per_shard][size_t(row) % rows.per_shard]; }

    float product(idx_t row, const int16_t *numbers) const {
        int32_t sum;
        rows.dot(1, rows.width, whole(row), rows.width, numbers, &sum);
        return float(sum) * scaleOf(row);
    }
    void widen(idx_t row, std::vector<int16_t> &wide) const {
        const int8_t *narrow = whole(row);
        for (size_t i = 0; i < rows.width; i++) wide[i] = narrow[i];
    }
    /// The query is a row.
    void setRow(idx_t row) {
        widen(row, own);
        query = own.data();
        scale = scaleOf(row);
    }

    void set_query(const float *) override { throw std::logic_error("queries of a graph are whole numbers"); }
    float operator()(idx_t row) override { return -scale * product(row, query); }
    float symmetric_dis(idx_t one, idx_t another) override {
        if (otherRow != one) {
            widen(one, other);
            otherRow = one;
        }
        return -scaleOf(one) * product(another, other.data());
    }
};

constexpr uint64_t magic = 0x31676b73616d6e75;  // unmaskg1

/// What a file begins with; int32 levels [rows] and links follow.
struct Header {
    uint64_t magic, rows, links;
    int32_t entry, top, perRow, unused;
};

}  // namespace

struct unmask_graph {
    unmask_graph_rows rows;
    std::vector<const int8_t *> whole;
    std::vector<const float *> scales;
    faiss::HNSW hnsw;
    std::vector<int32_t> order;
    size_t links;
    /// Marks of what a search has seen, kept from one to the next.
    mutable std::mutex turn;
    mutable std::vector<std::unique_ptr<faiss::VisitedTable>> seen;

    unmask_graph(const unmask_graph_rows &given, size_t links) : rows(given), hnsw(int(links)), links(links) {
        const size_t shards = (given.count + given.per_shard - 1) / given.per_shard;
        whole.assign(given.whole, given.whole + shards);
        scales.assign(given.scales, given.scales + shards);
        rows.whole = whole.data();
        rows.scales = scales.data();
    }

    std::unique_ptr<faiss::VisitedTable> takeSeen() const {
        {
            std::lock_guard<std::mutex> lock(turn);
            if (!seen.empty()) {
                auto table = std::move(seen.back());
                seen.pop_back();
                return table;
            }
        }
        return std::make_unique<faiss::VisitedTable>(int(rows.count));
    }
    void putBack(std::unique_ptr<faiss::VisitedTable> table) const {
        table->advance();
        std::lock_guard<std::mutex> lock(turn);
        seen.push_back(std::move(table));
    }
};

unmask_graph *unmask_graph_create(
    const unmask_graph_rows *rows, size_t links, size_t effort, unmask_faiss_problem *problem) {
    return unmask_guarded(problem, static_cast<unmask_graph *>(nullptr), [&] {
        if (rows->count == 0) throw std::length_error("there are no rows");
        if (rows->count > size_t(std::numeric_limits<int32_t>::max())) throw std::length_error("more than 2³¹ rows");
        auto graph = std::make_unique<unmask_graph>(*rows, links);
        graph->hnsw.efConstruction = int(effort);
        graph->hnsw.prepare_level_tab(rows->count, false);
        std::vector<int32_t> shuffled(rows->count);
        std::iota(shuffled.begin(), shuffled.end(), 0);
        faiss::RandomGenerator random(789);
        for (size_t i = rows->count; i > 1; i--) std::swap(shuffled[i - 1], shuffled[size_t(random.rand_int(int(i)))]);
        const std::vector<int> &levels = graph->hnsw.levels;
        for (int level = *std::max_element(levels.begin(), levels.end()); level > 0; level--) {
            std::copy_if(shuffled.begin(), shuffled.end(), std::back_inserter(graph->order), [&](int32_t row) {
                return levels[size_t(row)] == level;
            });
        }
        return graph.release();
    });
}

const int32_t *unmask_graph_order(const unmask_graph *graph) { return graph->order.data(); }

bool unmask_graph_add(unmask_graph *graph, size_t from, size_t to, size_t threads, unmask_faiss_problem *problem) {
    return unmask_guarded(problem, false, [&] {
        std::vector<omp_lock_t> locks(graph->rows.count);
        for (auto &lock : locks) omp_init_lock(&lock);
        std::mutex turn;
        size_t next = from;
        unmask_faiss_problem reason;
        bool failed = false;
        auto work = [&](size_t most) {
            unmask_faiss_problem own;
            bool fine = unmask_guarded(&own, false, [&] {
                Distances distances(graph->rows);
                faiss::VisitedTable seen(int(graph->rows.count));
                for (size_t done = 0; done < most; done++) {
                    size_t place;
                    {
                        std::lock_guard<std::mutex> lock(turn);
                        if (failed || next >= to) return true;
                        place = next++;
                    }
                    const int32_t row = graph->order[place];
                    distances.setRow(row);
                    graph->hnsw.add_with_locks(distances, graph->hnsw.levels[row] - 1, row, locks, seen);
                }
                return true;
            });
            std::lock_guard<std::mutex> lock(turn);
            if (!fine && !failed) reason = own;
            failed = failed || !fine;
        };
        // Those of the upper levels one after another: the way in is theirs.
        size_t upper = from;
        while (upper < to && (upper == 0 || graph->hnsw.levels[graph->order[upper]] > 1)) upper++;
        work(upper - from);
        std::vector<std::thread> others;
        others.reserve(threads);
        try {
            for (size_t i = 1; i < threads; i++) others.emplace_back(work, to);
        } catch (const std::system_error &) {
            // The system gives no more threads: those that are there do it.
        }
        work(to);
        for (auto &other : others) other.join();
        for (auto &lock : locks) omp_destroy_lock(&lock);
        if (failed) throw std::runtime_error(reason.text);
        return true;
    });
}

size_t unmask_graph_byte_count(const unmask_graph *graph) {
    return sizeof(Header) + 4 * (graph->hnsw.levels.size() + graph->hnsw.neighbors.size());
}

void unmask_graph_write(const unmask_graph *graph, void *bytes) {
    const faiss::HNSW &hnsw = graph->hnsw;
    Header header = {magic, hnsw.levels.size(), hnsw.neighbors.size(), hnsw.entry_point, hnsw.max_level,
                     int32_t(graph->links), 0};
    char *target = static_cast<char *>(bytes);
    std::memcpy(target, &header, sizeof header);
    std::memcpy(target + sizeof header, hnsw.levels.data(), 4 * hnsw.levels.size());
    std::memcpy(target + sizeof header + 4 * hnsw.levels.size(), hnsw.neighbors.data(), 4 * hnsw.neighbors.size());
}

/// Throws where a link leads to no row, or to one that its level has not.
static void checkLinks(const faiss::HNSW &hnsw) {
    const auto rows = faiss::HNSW::storage_idx_t(hnsw.levels.size());
    for (faiss::HNSW::storage_idx_t row = 0; row < rows; row++) {
        for (int level = 0; level < hnsw.levels[row]; level++) {
            size_t begin, end;
            hnsw.neighbor_range(row, level, &begin, &end);
            for (size_t i = begin; i < end; i++) {
                const auto other = hnsw.neighbors[i];
                if (other < -1 || other >= rows || (other >= 0 && hnsw.levels[other] <= level)) {
                    throw std::runtime_error("row " + std::to_string(row) + " is linked to what is not there");
                }
            }
        }
    }
}

unmask_graph *unmask_graph_read(
    const unmask_graph_rows *rows, const void *bytes, size_t count, unmask_faiss_problem *problem) {
    return unmask_guarded(problem, static_cast<unmask_graph *>(nullptr), [&] {
        Header header;
        if (count < sizeof header) throw std::runtime_error("it is too short for a graph");
        std::memcpy(&header, bytes, sizeof header);
        if (header.magic != magic || header.rows != rows->count || header.perRow < 2 || header.perRow > 1024
            || header.links > count / 4 || count != sizeof header + 4 * (header.rows + header.links)) {
            throw std::runtime_error("it is no graph of so many rows");
        }
        auto graph = std::make_unique<unmask_graph>(*rows, size_t(header.perRow));
        faiss::HNSW &hnsw = graph->hnsw;
        const char *source = static_cast<const char *>(bytes) + sizeof header;
        hnsw.levels.resize(header.rows);
        std::memcpy(hnsw.levels.data(), source, 4 * header.rows);
        size_t links = 0;
        int top = 0;
        hnsw.offsets.assign(1, 0);
        for (int level : hnsw.levels) {
            if (level < 1 || size_t(level) >= hnsw.cum_nneighbor_per_level.size()) {
                throw std::runtime_error("a row is on more levels than there are");
            }
            links += size_t(hnsw.cum_nb_neighbors(level));
            hnsw.offsets.push_back(links);
            top = std::max(top, level);
        }
        const bool fits = links == header.links && header.entry >= 0 && uint64_t(header.entry) < header.rows
                       && header.top == top - 1 && hnsw.levels[header.entry] == top;
        if (!fits) throw std::runtime_error("its links are not those of its rows");
        hnsw.neighbors.resize(links);
        std::memcpy(hnsw.neighbors.data(), source + 4 * header.rows, 4 * links);
        hnsw.entry_point = header.entry;
        hnsw.max_level = header.top;
        checkLinks(hnsw);
        return graph.release();
    });
}

size_t unmask_graph_search(
    const unmask_graph *graph, const int16_t *query, size_t count, int64_t *found, unmask_faiss_problem *problem) {
    return unmask_guarded(problem, std::numeric_limits<size_t>::max(), [&]() -> size_t {
        if (graph->hnsw.entry_point < 0 || count == 0) return 0;
        Distances distances(graph->rows);
        distances.query = query;
        auto seen = graph->takeSeen();
        std::vector<float> products(count, std::numeric_limits<float>::max());
        std::fill(found, found + count, -1);
        faiss::SearchParametersHNSW parameters;
        parameters.efSearch = int(count);
        graph->hnsw.search(distances, int(count), found, products.data(), *seen, &parameters);
        graph->putBack(std::move(seen));
        return size_t(std::remove(found, found + count, -1) - found);
    });
}

void unmask_graph_free(unmask_graph *graph) { delete graph; }
