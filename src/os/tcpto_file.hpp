// The memory of hosts that time out, in queue/lock/tcpto and tcpto6, shared with others. Its
// rule is in delivery/backoff; trouble with the file means that it knows nothing, never more.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "environment/environment.hpp"
#include "os/tcpto_table.hpp"

namespace tern::os {

class TcptoFile final : public TimeoutTable {
public:
    /// How long it waits for the lock. After one wait in vain the table is left alone for good.
    static constexpr Duration lock_patience = std::chrono::seconds(5);

    /// Uses the table at `path` for IPv4 and the one beside it with a 6 behind its name for IPv6,
    /// opened anew for each question so that no lock outlives its answer. `clock` and `random`
    /// must outlive it.
    TcptoFile(std::string path, const Clock& clock, Random& random,
              Duration patience = lock_patience);

    Finding look_up(const IpAddress& address) override;
    void note_timeout(const IpAddress& address) override;
    void note_answer(const IpAddress& address) override;

private:
    /// The table under its lock, and what it held.
    struct Held {
        TcptoTable file;
        TcptoBytes content;
        const os::backoff::Layout& layout;
    };
    std::optional<Held> hold(const IpAddress& address);
    static void write_changes(Held& held, const TcptoBytes& before);

    const std::string path_;
    const Clock& clock_;
    Random& random_;
    const Duration patience_;
    bool off_ = false;
};

}  // namespace tern::os
