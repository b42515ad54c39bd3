// A simulated TCP connection: two ends that are Streams, delays, windows, short reads, hang-ups and
// resets. It must not know what is said on it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/stream.hpp"
#include "support/simulation.hpp"

namespace tern::test {

enum class Side { client, server };
[[nodiscard]] constexpr Side opposite(Side side) {
    return side == Side::client ? Side::server : Side::client;
}

/// How a connection behaves; drawn from the seed where a test does not say.
struct WireTraits {
    Duration longest_delay = std::chrono::milliseconds(40);
    std::size_t window = 64UL * 1024;  ///< bytes that a writer may be ahead of the reader
    /// Bytes of them that the reader's kernel holds and has acknowledged.
    std::size_t receive_buffer = 32UL * 1024;
    bool short_reads = true;
};

/// What both ends share. It outlives them: tests read what was written from it.
class Wire {
public:
    Wire(Simulation& simulation, WireTraits traits);

    Task<std::size_t> read(Side reader, std::span<char> into, Deadline deadline);
    /// A deadline moves on by `idle` with each byte that the reader takes, if that is not 0.
    Task<Done> write(Side writer, std::string_view bytes, Deadline deadline, Duration idle = {});
    /// What a system call does: takes what has arrived, hands over what there is room for; 0 where
    /// that is nothing.
    std::size_t take(Side reader, std::span<char> into);
    std::size_t put(Side writer, std::string_view bytes);
    /// Whether reading, or writing, has something to tell now.
    [[nodiscard]] bool is_readable(Side reader) const;
    [[nodiscard]] bool is_writable(Side writer) const;
    /// This side finds the connection reset.
    [[nodiscard]] bool is_reset(Side side) const;
    /// All is read, and the other side is gone.
    [[nodiscard]] bool has_ended(Side reader) const;
    /// What the reader's kernel has not acknowledged.
    [[nodiscard]] std::size_t unsent(Side writer) const;
    /// This side is gone: what it wrote still arrives, then the end.
    void close(Side side);
    /// As close, but the other side finds a reset connection, and what is on its way is lost.
    void reset(Side side);

    /// All bytes that `writer` has handed to its kernel.
    [[nodiscard]] const std::string& written_by(Side writer) const {
        return flow_of(writer).log;
    }
    [[nodiscard]] bool closed_by(Side side) const { return flow_of(side).writer_gone; }

private:
    /// One direction. Its writer's kernel has taken `log`; its reader has not yet read `held`.
    struct Flow {
        explicit Flow(Simulation& simulation) : readable(simulation), writable(simulation) {}
        struct Chunk {
            Time arrives;
            std::string bytes;
        };
        std::deque<Chunk> chunks;
        std::size_t held = 0;
        std::string log;
        Time last_arrival{};
        bool writer_gone = false;
        Time end_arrives{};
        bool reader_gone = false;
        Deadline asked{};  // of the last write
        Deadline until{};  // the same, as far as it was extended
        Signal readable;
        Signal writable;
    };

    [[nodiscard]] Flow& flow_of(Side writer) {
        return writer == Side::client ? from_client_ : from_server_;
    }
    [[nodiscard]] const Flow& flow_of(Side writer) const {
        return writer == Side::client ? from_client_ : from_server_;
    }
    void reset_reaches(Side side, Duration after);
    Time arrival(Flow& flow);

    Simulation& simulation_;
    WireTraits traits_;
    Flow from_client_;
    Flow from_server_;
    std::optional<Time> reset_at_client_;
    std::optional<Time> reset_at_server_;
};

/// One end of a Wire; closes its side when destroyed.
class WireEnd final : public Stream {
public:
    WireEnd(std::shared_ptr<Wire> wire, Side side) : wire_(std::move(wire)), side_(side) {}
    ~WireEnd() override { wire_->close(side_); }

    Task<std::size_t> read_some(std::span<char> into, Deadline deadline) override {
        return wire_->read(side_, into, deadline);
    }
    Task<Done> write(std::string_view bytes, Deadline deadline) override {
        return wire_->write(side_, bytes, deadline, idle_);
    }
    void extend_writes(Duration idle) override { idle_ = idle; }
    [[nodiscard]] std::size_t unsent() const override { return wire_->unsent(side_); }

private:
    std::shared_ptr<Wire> wire_;
    Side side_;
    Duration idle_{};
};

}  // namespace tern::test
