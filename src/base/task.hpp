// Task: a coroutine that gives a value or a Failure. It must not know any host: who resumes a
// suspended leaf is decided by the host (a poll host never suspends at all).
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/failure.hpp"

// g++ says so by __SANITIZE_ADDRESS__, clang by __has_feature.
#ifdef __has_feature
#define TERN_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TERN_HAS_FEATURE(feature) 0
#endif

namespace tern {

template <class T>
class Task;

namespace detail {

/// Where the frames of coroutines come from: a conversation starts the same few again and again,
/// and malloc(3) takes 7,000 of the 100,000 instructions of a small delivery for them. Frames that
/// ended are kept by size, as many as ever lived at once. With AddressSanitizer each one is new, so
/// that a late use is found.
class FrameStore {
public:
    static void* take(std::size_t size) {
        Spare*& spare = spares(size);
        if (spare == nullptr) return fresh(rounded(size));
        return std::exchange(spare, spare->next);
    }
    static void give_back(void* frame, std::size_t size) {
        if (!kept(size)) return ::operator delete(frame);
        Spare*& spare = spares(size);
        spare = new (frame) Spare{spare};
    }

private:
    struct Spare {
        Spare* next;
    };
    /// The first frames of a thread: those of a small delivery, without a call of malloc for each.
    struct Arena {
        static constexpr std::size_t capacity = 16UL * 1024;
        alignas(64) std::array<std::byte, capacity> bytes;
        std::size_t used;
    };
    static constexpr std::size_t step = 64;
    static constexpr std::size_t sizes = 64;

    // Kept frames are never deleted, wherever they came from.
    static void* fresh(std::size_t size) {
        static thread_local Arena arena;  // all zero
        if (!kept(size) || size > Arena::capacity - arena.used) return ::operator new(size);
        void* const frame = arena.bytes.data() + arena.used;
        arena.used += size;
        return frame;
    }
    static std::size_t rounded(std::size_t size) { return (size + step - 1) / step * step; }
#if defined(__SANITIZE_ADDRESS__) || TERN_HAS_FEATURE(address_sanitizer)
    static bool kept(std::size_t) { return false; }
#else
    static bool kept(std::size_t size) { return rounded(size) / step < sizes; }
#endif
    static Spare*& spares(std::size_t size) {
        static thread_local std::array<Spare*, sizes> lists{};
        return lists[kept(size) ? rounded(size) / step : 0];  // none has the size 0
    }
};

/// What all promises share: who waits for this coroutine, and how it ended without a value.
struct PromiseBase {
    std::coroutine_handle<> self;
    PromiseBase* waiter = nullptr;  ///< set while another coroutine is suspended on this one
    bool waiter_wants_failures = false;
    bool finished = false;
    std::optional<Failure> failure;
    std::exception_ptr exception;

    [[nodiscard]] bool failed() const { return failure.has_value() && !exception; }

    /// Marks the end of this coroutine and goes on with the waiter. A waiter that passes
    /// failures on is not resumed: it ends here, with the same failure, where it is; its locals
    /// are destroyed with its Task.
    void finish() {
        PromiseBase* ended = this;
        ended->finished = true;
        while (PromiseBase* next = ended->waiter) {
            if (!ended->failed() || ended->waiter_wants_failures) {
                next->self.resume();
                return;
            }
            next->failure = std::move(ended->failure);
            next->finished = true;
            ended = next;
        }
    }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;

    Promise() { self = std::coroutine_handle<Promise>::from_promise(*this); }

    static void* operator new(std::size_t size) { return FrameStore::take(size); }
    static void operator delete(void* frame, std::size_t size) {
        FrameStore::give_back(frame, size);
    }

    Task<T> get_return_object();
    std::suspend_always initial_suspend() noexcept { return {}; }

    struct AtEnd {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<Promise> ended) noexcept {
            ended.promise().finish();
        }
        void await_resume() noexcept {}
    };
    AtEnd final_suspend() noexcept { return {}; }

    void unhandled_exception() { exception = std::current_exception(); }
    void return_value(T given) { value.emplace(std::move(given)); }
    void return_value(Failure why) { failure.emplace(std::move(why)); }
    void return_value(tl::unexpected<Failure> why) { failure.emplace(std::move(why.value())); }
    void return_value(Result<T> result) {
        if (result) value.emplace(std::move(*result));
        else failure.emplace(std::move(result.error()));
    }
};

/// Starts `child` in place; true when it has not finished and the waiter stays suspended.
/// Starting here instead of by symmetric transfer keeps the stack flat on hosts that never suspend
/// (g++ 12 does not make the transfer a tail call at -O0 or under ASan).
inline bool start_and_wait(PromiseBase& child, PromiseBase& waiter, bool wants_failures) {
    child.self.resume();
    if (!child.finished) {
        child.waiter = &waiter;
        child.waiter_wants_failures = wants_failures;
        return true;
    }
    if (wants_failures || !child.failed()) return false;
    waiter.failure = std::move(child.failure);
    waiter.finish();
    return true;
}

}  // namespace detail

/// A coroutine that gives a T or fails. Nothing runs before it is awaited (or started by a host).
/// `co_await task` gives the value or ends the awaiting coroutine with the same Failure;
/// `co_await task.outcome()` gives a Result. `co_await result` does the same for a Result.
/// Exceptions (bugs, no memory) pass through. A Task must not be destroyed while it waits for a
/// host: end its wait instead.
template <class T>
class [[nodiscard]] Task {
public:
    using promise_type = detail::Promise<T>;

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    /// For hosts: runs up to the first suspension.
    void start() { handle_.resume(); }
    [[nodiscard]] bool finished() const { return handle_.promise().finished; }
    /// For hosts: what came of it; only once, when finished. Rethrows an exception.
    Result<T> take() {
        promise_type& promise = handle_.promise();
        if (promise.exception) std::rethrow_exception(promise.exception);
        if (promise.failure) return tl::unexpected<Failure>(std::move(*promise.failure));
        return std::move(*promise.value);
    }

    /// Runs a task to its end on a host that never suspends.
    Result<T> run() {
        start();
        if (!finished()) std::terminate();
        return take();
    }

    class Passing {
    public:
        explicit Passing(promise_type& child) : child_(child) {}
        bool await_ready() noexcept { return false; }
        template <class P>
        bool await_suspend(std::coroutine_handle<P> waiter) {
            return detail::start_and_wait(child_, waiter.promise(), false);
        }
        T await_resume() {
            if (child_.exception) std::rethrow_exception(child_.exception);
            return std::move(*child_.value);
        }

    private:
        promise_type& child_;
    };

    class Outcome {
    public:
        explicit Outcome(Task& task) : task_(task) {}
        bool await_ready() noexcept { return false; }
        template <class P>
        bool await_suspend(std::coroutine_handle<P> waiter) {
            return detail::start_and_wait(task_.handle_.promise(), waiter.promise(), true);
        }
        Result<T> await_resume() { return task_.take(); }

    private:
        Task& task_;
    };

    Passing operator co_await() { return Passing(handle_.promise()); }
    /// Awaits without passing failures on. The Task must outlive the await (a temporary does).
    Outcome outcome() { return Outcome(*this); }

private:
    friend promise_type;
    explicit Task(promise_type& promise)
        : handle_(std::coroutine_handle<promise_type>::from_promise(promise)) {}

    std::coroutine_handle<promise_type> handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
    return Task<T>(*this);
}

namespace detail {

/// Lets a coroutine await a Result of a pure function: the value, or the end with its Failure.
template <class T>
class PassingResult {
public:
    explicit PassingResult(Result<T> result) : result_(std::move(result)) {}
    bool await_ready() noexcept { return result_.has_value(); }
    template <class P>
    void await_suspend(std::coroutine_handle<P> waiter) {
        waiter.promise().failure.emplace(std::move(result_.error()));
        waiter.promise().finish();
    }
    T await_resume() { return std::move(*result_); }

private:
    Result<T> result_;
};

}  // namespace detail

/// Found through Failure by argument-dependent look-up: `co_await a_result` passes failure on.
template <class T>
detail::PassingResult<T> operator co_await(Result<T> result) {
    return detail::PassingResult<T>(std::move(result));
}

}  // namespace tern
