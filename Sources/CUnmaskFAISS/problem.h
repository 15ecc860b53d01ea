// How exceptions become text.
#ifndef UNMASK_FAISS_PROBLEM_H
#define UNMASK_FAISS_PROBLEM_H

#include <cstdio>
#include <exception>
#include <new>

#include "unmask_faiss.h"

inline void unmask_tell(unmask_faiss_problem *problem, const char *text) {
    std::snprintf(problem->text, sizeof problem->text, "%s", text);
}

/// What `body` returns, or `otherwise` where it throws, with the reason told.
template <typename Result, typename Body>
Result unmask_guarded(unmask_faiss_problem *problem, Result otherwise, Body body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        unmask_tell(problem, "there is no memory for it");
    } catch (const std::exception &error) {
        unmask_tell(problem, error.what());
    } catch (...) {
        unmask_tell(problem, "FAISS failed without a reason");
    }
    return otherwise;
}

#endif
