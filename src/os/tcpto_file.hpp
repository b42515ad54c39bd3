// The memory of hosts that time out, in queue/lock/tcpto and tcpto6, shared with others. Its
// rule is in os/tcpto_records; trouble with the file means that it knows nothing, never more.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "environment/environment.hpp"
#include "os/tcpto_table.hpp"

namespace tern::os {

class TcptoFile final : public TimeoutTable {
public:
    /// How long it waits for the lock. After one wait in vain the table is not asked again.
    static constexpr Duration lock_timeout = std::chrono::seconds(5);

    /// Uses the table at `path` for IPv4 and the one beside it with a 6 after its name for IPv6,
    /// opened again for each question so that no lock outlives its answer. `reactor`, `clock` and
    /// `random` must outlive it.
    TcptoFile(std::string path, Reactor& reactor, const Clock& clock, Random& random,
              Duration timeout = lock_timeout);

    Task<Finding> look_up(IpAddress address) override;
    Task<Done> note_timeout(IpAddress address) override;
    Task<Done> note_answer(IpAddress address) override;

private:
    /// The table under its lock, and what it held.
    struct Held {
        TcptoTable file;
        TcptoBytes content;
        const os::backoff::Layout& layout;
    };
    Task<std::optional<Held>> hold(Family family);
    static void write_changes(Held& held, const TcptoBytes& before);

    const std::string path_;
    Reactor& reactor_;
    const Clock& clock_;
    Random& random_;
    const Duration timeout_;
    bool off_ = false;
};

}  // namespace tern::os
