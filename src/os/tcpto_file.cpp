// Asks and changes the table under its lock; see tcpto_file.hpp.
#include "os/tcpto_file.hpp"

#include <algorithm>
#include <utility>

namespace tern::os {

TcptoFile::TcptoFile(std::string path, const Clock& clock, Random& random, Duration patience)
    : path_(std::move(path)), clock_(clock), random_(random), patience_(patience) {}

TimeoutTable::Finding TcptoFile::look_up(const IpAddress& address) {
    std::optional<Held> held = hold(address);
    if (!held) return {};
    constexpr std::uint32_t jitters = 32;  // contract.md#tcpto: r random in 0..31
    const backoff::Finding finding = backoff::look_up(
        held->content, address, clock_.since_epoch(), random_.below(jitters),
        held->layout);
    return {finding.listed, finding.skip};
}

void TcptoFile::note_timeout(const IpAddress& address) {
    std::optional<Held> held = hold(address);
    if (!held) return;
    const TcptoBytes before = held->content;
    backoff::note_timeout(held->content, address, clock_.since_epoch(), held->layout);
    write_changes(*held, before);
}

void TcptoFile::note_answer(const IpAddress& address) {
    std::optional<Held> held = hold(address);
    if (!held) return;
    const TcptoBytes before = held->content;
    backoff::note_answer(held->content, address, held->layout);
    write_changes(*held, before);
}

// Nothing when the feature is off: no table, an empty one, or trouble with it.
std::optional<TcptoFile::Held> TcptoFile::hold(const IpAddress& address) {
    if (off_) return std::nullopt;
    const backoff::Layout& layout = backoff::layout_of(address.family());
    Result<TcptoTable> file =
        TcptoTable::open(address.family() == Family::ipv4 ? path_ : path_ + "6");
    if (!file) return std::nullopt;
    if (!file->lock(patience_)) {
        off_ = true;
        return std::nullopt;
    }
    Result<TcptoBytes> content = file->read(layout);
    if (!content || content->empty()) return std::nullopt;
    return Held{std::move(*file), std::move(*content), layout};
}

// Only the record that changed, as qmail does: a reader without the lock sees old or new.
void TcptoFile::write_changes(Held& held, const TcptoBytes& before) {
    const std::size_t size = held.layout.record_size;
    for (std::size_t at = 0; at + size <= before.size(); at += size) {
        const auto record = std::span<const unsigned char>(held.content).subspan(at, size);
        if (std::ranges::equal(record, std::span(before).subspan(at, size))) continue;
        // A table that cannot be written remembers less: nobody needs to be told.
        static_cast<void>(held.file.write(record, at));
    }
}

}  // namespace tern::os
