// queue/lock/tcpto, or tcpto6, as a file: opening, locking, reading, writing. Its meaning is in
// os/tcpto_records; it is never created and never made longer here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/failure.hpp"
#include "base/task.hpp"
#include "environment/reactor.hpp"
#include "os/tcpto_records.hpp"
#include "os/descriptor.hpp"

namespace tern::os {

/// The table's bytes as they were read.
using TcptoBytes = std::vector<unsigned char>;

/// The open table. Each function's failure says in its detail why, in words, and no more.
class TcptoTable {
public:
    /// Opens `path` for reading and writing, without a lock: qmail's programs take theirs on a
    /// descriptor opened for writing, and NFS grants no other. Root follows no link in the last two
    /// components of `path`, and opens no file that has a second name.
    [[nodiscard]] static Result<TcptoTable> open(const std::string& path);

    /// Takes the exclusive lock, which ends with the table's life, waiting for it at `reactor` up
    /// to `timeout`. Fails with Cause::cancelled when that wait was cancelled.
    Task<Done> lock(Reactor& reactor, const Clock& clock, Duration timeout);

    /// Fails when the file holds more than a table of the layout (1,024 or 2,048 bytes): it is
    /// another program's then (contract.md#tcpto).
    [[nodiscard]] Result<TcptoBytes> read(const os::backoff::Layout& layout);

    /// Writes `bytes` at `offset`.
    [[nodiscard]] Result<Done> write(std::span<const unsigned char> bytes, std::size_t offset);

    /// The same without waiting: whether the lock was free.
    [[nodiscard]] Result<bool> try_lock();

private:
    explicit TcptoTable(Descriptor file) : file_(std::move(file)) {}

    Descriptor file_;
};

}  // namespace tern::os
