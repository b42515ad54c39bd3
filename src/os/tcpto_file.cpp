// Asks and changes the table under its lock; see tcpto_file.hpp.
#include "os/tcpto_file.hpp"

#include <algorithm>
#include <utility>

namespace tern::os {

TcptoFile::TcptoFile(std::string path, Reactor& reactor, const Clock& clock, Random& random,
                     Duration timeout)
    : path_(std::move(path)),
      reactor_(reactor),
      clock_(clock),
      random_(random),
      timeout_(timeout) {}

Task<TimeoutTable::Finding> TcptoFile::look_up(IpAddress address) {
    const std::optional<Held> held = co_await hold(address.family());
    if (!held) co_return Finding();
    constexpr std::uint32_t jitters = 32;  // contract.md#tcpto: r random in 0..31
    const backoff::Finding finding = backoff::look_up(
        held->content, address, clock_.since_epoch(), random_.below(jitters), held->layout);
    co_return Finding{finding.listed, finding.skip};
}

Task<Done> TcptoFile::note_timeout(IpAddress address) {
    std::optional<Held> held = co_await hold(address.family());
    if (!held) co_return Done();
    const TcptoBytes before = held->content;
    backoff::note_timeout(held->content, address, clock_.since_epoch(), held->layout);
    write_changes(*held, before);
    co_return Done();
}

Task<Done> TcptoFile::note_answer(IpAddress address) {
    std::optional<Held> held = co_await hold(address.family());
    if (!held) co_return Done();
    const TcptoBytes before = held->content;
    backoff::note_answer(held->content, address, held->layout);
    write_changes(*held, before);
    co_return Done();
}

// Nothing when the feature is off: no table, an empty one, or trouble with it.
Task<std::optional<TcptoFile::Held>> TcptoFile::hold(Family family) {
    std::optional<Held> held;
    if (off_) co_return std::move(held);
    Result<TcptoTable> file = TcptoTable::open(family == Family::ipv4 ? path_ : path_ + "6");
    if (!file) co_return std::move(held);
    // As a rule the lock is free, and no coroutine is needed to find that.
    const Result<bool> is_locked = file->try_lock();
    if (!is_locked || !*is_locked) {
        const Result<Done> locked = co_await file->lock(reactor_, clock_, timeout_).outcome();
        if (!locked && locked.error().cause == Cause::cancelled) co_return locked.error();
        off_ = !locked;
        if (off_) co_return std::move(held);
    }
    const backoff::Layout& layout = backoff::layout_of(family);
    Result<TcptoBytes> content = file->read(layout);
    if (content && !content->empty())
        held.emplace(Held{std::move(*file), std::move(*content), layout});
    co_return std::move(held);
}

// Only the record that changed, as qmail does: a reader without the lock sees old or new.
void TcptoFile::write_changes(Held& held, const TcptoBytes& before) {
    const std::size_t size = held.layout.record_size;
    for (std::size_t at = 0; at + size <= before.size(); at += size) {
        const auto record = std::span<const unsigned char>(held.content).subspan(at, size);
        if (std::ranges::equal(record, std::span(before).subspan(at, size))) continue;
        // A table that cannot be written remembers less: that is no trouble to report.
        static_cast<void>(held.file.write(record, at));
    }
}

}  // namespace tern::os
