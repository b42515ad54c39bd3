// The order in which servers are asked; see look_up.hpp.
#include "dns/look_up.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "dns/message.hpp"

namespace tern::dns {
namespace {

// Why a server gave no answer that can be used.
struct Trouble {
    enum class Kind { none, silent, unreachable, unusable };
    Kind kind = Kind::none;
    std::string words;  // a predicate
};

constexpr std::string_view no_answer = "did not answer";

std::string joined(const ServerList& servers, const std::vector<std::size_t>& which) {
    std::string names;
    for (const std::size_t server : which) {
        if (!names.empty()) names += ", ";
        names += servers.servers[server].to_string();
    }
    return concat(which.size() == 1 ? "the name server " : "the name servers ", names);
}

// "the name server A answered SERVFAIL; the name servers B, C did not answer"
std::string told(const ServerList& servers, const std::vector<Trouble>& troubles) {
    std::string sentence;
    std::vector<bool> done(troubles.size());
    for (std::size_t i = 0; i < troubles.size(); ++i) {
        if (troubles[i].kind == Trouble::Kind::none || done[i]) continue;
        std::vector<std::size_t> alike;
        for (std::size_t j = i; j < troubles.size(); ++j) {
            if (troubles[j].kind == Trouble::Kind::none || troubles[j].words != troubles[i].words)
                continue;
            alike.push_back(j);
            done[j] = true;
        }
        if (!sentence.empty()) sentence += "; ";
        sentence += concat(joined(servers, alike), " ", troubles[i].words);
    }
    return sentence;
}

Reading<Mx> read(std::string_view message, const Question& question, int aliases, Mx*) {
    return read_mx(message, question, aliases);
}

Reading<IpAddress> read(std::string_view message, const Question& question, int aliases,
                        IpAddress*) {
    return read_addresses(message, question, aliases);
}

bool refuses_edns(unsigned rcode) {
    return rcode == rcode_format_error || rcode == rcode_not_implemented ||
           rcode == rcode_bad_version;
}

// RFC 2671 5.3 expected SERVFAIL as well from servers that do not know EDNS. Mostly it is about the
// name.
bool may_refuse_edns(unsigned rcode) {
    return refuses_edns(rcode) || rcode == rcode_server_failure;
}

Deadline end_of_look_up(Time now, Deadline deadline) {
    return std::min<Deadline>(deadline, now + longest_look_up);
}

}  // namespace

// One question, from the name first asked for to the end of its aliases.
template <class Record>
class Inquiry {
public:
    Inquiry(Carrier& carrier, Random& random, ServerList& servers, const Domain& name, Type type)
        : carrier_(carrier), random_(random), servers_(servers), name_(name), type_(type) {
        begin_name();
    }
    Inquiry(const Inquiry&) = delete;
    Inquiry& operator=(const Inquiry&) = delete;
    ~Inquiry() { cancel(); }

    // Does what can be done without waiting. True when the answer is there.
    bool advance(Time now) {
        if (!began_) began_ = now;
        while (!settled_) {
            Post* const ended = first_ended();
            if (ended != nullptr) heed(*ended, now);
            else if (!is_waiting() && !begin_turn(now)) settle_failed(now);
            else if (now >= until_) note_silence();
            else if (now >= plain_at_) send_plain();
            else return false;
        }
        return true;
    }

    // When advance() has something to do even if nothing arrives.
    [[nodiscard]] Deadline wakes() const { return std::min(until_, plain_at_); }

    // Ends what is not settled: there is no more time.
    void give_up(Time now) {
        if (settled_) return;
        if (is_waiting()) note_silence();
        settle_failed(now);
    }

    void give_up_as_late() {
        cancel();
        answer_ = Answer<Record>();
        answer_.detail = "no answer had arrived when the other family's did";
        answer_.late = settled_ = true;
    }

    [[nodiscard]] bool is_settled() const { return settled_; }
    [[nodiscard]] bool found() const { return settled_ && answer_.outcome == Outcome::found; }
    [[nodiscard]] Answer<Record> take() { return std::move(answer_); }

private:
    // A request with the question in it.
    struct Post {
        std::optional<Question> question;
        Request request;
    };

    void begin_name() {
        turn_ = 0;
        order_ = servers_.order;
        if (servers_.rotate) {
            const auto first = random_.below(static_cast<std::uint32_t>(order_.size()));
            std::rotate(order_.begin(), order_.begin() + first, order_.end());
        }
        troubles_.assign(servers_.servers.size(), Trouble());
    }

    // The next server's turn. A server that gave no usable answer gets no second one unless it is
    // the only one. In further rounds all are asked without EDNS: what did not help once may have
    // been to blame (RFC 6891 6.2.2).
    bool begin_turn(Time now) {
        const std::size_t turns = order_.size() * static_cast<std::size_t>(servers_.rounds);
        for (; turn_ < turns && !local_trouble_; ++turn_) {
            server_ = order_[turn_ % order_.size()];
            const bool again =
                troubles_[server_].kind == Trouble::Kind::none ||
                troubles_[server_].kind == Trouble::Kind::silent || order_.size() == 1;
            if (!again) continue;
            const std::size_t round = turn_++ / order_.size();
            timeout_ = servers_.timeout * (1 << std::min<std::size_t>(round, 8));
            asked_again_ = false;
            send(posts_[0], round == 0 && !servers_.without_edns[server_], false, now);
            return true;
        }
        return false;
    }

    void send(Post& post, bool edns, bool tcp, Time now) {
        until_ = now + timeout_;
        // Some servers and firewalls drop what has EDNS. Half way to the end of its timeout the
        // same server is asked without as well; the first answer counts.
        plain_at_ = edns && !tcp ? now + timeout_ / 2 : Deadline::max();
        submit(post, edns, tcp);
    }

    void submit(Post& post, bool edns, bool tcp) {
        post.question.emplace(Question{
            name_, type_, static_cast<std::uint16_t>(random_.below(0x10000U)), edns});
        post.request = Request();
        post.request.server = server_;
        post.request.edns = edns;
        post.request.tcp = tcp;
        post.request.query = make_query(*post.question);
        carrier_.send(post.request);
    }

    void send_plain() {
        plain_at_ = Deadline::max();
        submit(posts_[1], false, false);
    }

    [[nodiscard]] bool is_waiting() const {
        return std::ranges::any_of(posts_, [](const Post& post) {
            return post.request.state == Request::State::waiting;
        });
    }

    Post* first_ended() {
        const auto ended = std::ranges::find_if(posts_, [](const Post& post) {
            return post.request.state == Request::State::answered ||
                   post.request.state == Request::State::failed;
        });
        return ended == posts_.end() ? nullptr : &*ended;
    }

    void cancel() {
        for (Post& post : posts_) {
            if (post.request.state == Request::State::waiting) carrier_.cancel(post.request);
            post.request.state = Request::State::idle;
        }
        until_ = plain_at_ = Deadline::max();
    }

    void note(Trouble::Kind kind, std::string words) {
        troubles_[server_] = Trouble{kind, std::move(words)};
    }

    void note_silence() {
        const bool over_tcp = posts_[0].request.tcp;
        cancel();
        was_silent_ = true;
        if (over_tcp) note(Trouble::Kind::unusable, "truncated its answer and gave none over TCP");
        else if (asked_again_)
            note(Trouble::Kind::silent,
                 concat(troubles_[server_].words, " and did not answer without EDNS"));
        else note(Trouble::Kind::silent, std::string(no_answer));
    }

    void heed(Post& post, Time now) {
        const bool answered = post.request.state == Request::State::answered;
        post.request.state = Request::State::idle;
        if (answered) return judge(post, now);
        if (post.request.is_local_trouble) {
            local_trouble_ = std::move(post.request.why);
        } else if (post.request.tcp) {
            note(Trouble::Kind::unusable, "truncated its answer and gave none over TCP");
        } else {
            note(Trouble::Kind::unreachable, std::move(post.request.why));
        }
        cancel();
    }

    void judge(Post& post, Time now) {
        Reading<Record> reading = read(post.request.answer, *post.question, aliases_,
                                       static_cast<Record*>(nullptr));
        if (reading.unusable) return judge_unusable(post, reading, now);
        // It drops what has EDNS, or refuses it.
        if ((!post.request.edns && posts_[0].request.state == Request::State::waiting) ||
            post.request.edns_was_refused || asked_again_)
            servers_.without_edns[server_] = true;
        cancel();
        if (was_silent_) prefer(server_);
        authentic_ = authentic_ && reading.answer.authentic;
        if (reading.ask_next) {
            name_ = std::move(*reading.ask_next);
            aliases_ = reading.aliases;
            return begin_name();
        }
        answer_ = std::move(reading.answer);
        answer_.authentic = authentic_;
        settled_ = true;
    }

    void judge_unusable(Post& post, Reading<Record>& reading, Time now) {
        const Request& request = post.request;
        // A server may cut an answer off without a word, and so may the library below.
        const bool edns = request.edns && !request.edns_was_refused;
        const bool is_cut = !request.tcp && reading.rcode == 0 &&
                            request.answer.size() >= (edns ? edns_size : plain_size);
        if (!request.tcp && (reading.truncated || is_cut)) {
            cancel();
            return send(posts_[0], edns, true, now);
        }
        note(Trouble::Kind::unusable, std::move(reading.answer.detail));
        if (edns && may_refuse_edns(reading.rcode))
            return ask_without_edns(refuses_edns(reading.rcode), now);
        cancel();
    }

    // RFC 6891 7, contract.md#names. A refusal of EDNS begins the time for an answer again; after a
    // SERVFAIL, which may say the same of any question, what is left of it must do.
    void ask_without_edns(bool is_certain, Time now) {
        if (is_certain) servers_.without_edns[server_] = true;
        asked_again_ = true;
        if (posts_[1].request.state == Request::State::waiting) return;
        if (is_certain) return send(posts_[0], false, posts_[0].request.tcp, now);
        plain_at_ = Deadline::max();
        submit(posts_[0], false, posts_[0].request.tcp);
    }

    // A delivery makes many look-ups, and would wait in each of them.
    void prefer(std::size_t server) {
        std::stable_partition(servers_.order.begin(), servers_.order.end(),
                              [server](std::size_t other) { return other == server; });
    }

    void settle_failed(Time now) {
        cancel();
        answer_ = Answer<Record>();
        const auto waited = std::max<std::int64_t>(
            1, std::chrono::round<std::chrono::seconds>(now - *began_).count());
        for (Trouble& trouble : troubles_)
            if (trouble.words == no_answer)
                trouble.words += concat(" within ", waited, waited == 1 ? " second" : " seconds");
        answer_.detail = local_trouble_ ? *local_trouble_ : told(servers_, troubles_);
        if (answer_.detail.empty()) answer_.detail = "no time was left to ask a name server";
        settled_ = true;
    }

    Carrier& carrier_;
    Random& random_;
    ServerList& servers_;
    Domain name_;
    const Type type_;
    std::optional<Time> began_;
    std::array<Post, 2> posts_;  // the turn's question, and the one that may go out beside it
    std::vector<std::size_t> order_;
    std::size_t turn_ = 0;
    std::size_t server_ = 0;
    Duration timeout_{};
    Deadline until_ = Deadline::max();
    Deadline plain_at_ = Deadline::max();
    std::vector<Trouble> troubles_;  // by server
    std::optional<std::string> local_trouble_;
    bool asked_again_ = false;  // in this turn without EDNS, after an answer that may refuse it
    bool was_silent_ = false;
    int aliases_ = 0;
    bool authentic_ = true;
    bool settled_ = false;
    Answer<Record> answer_;
};

ServerList::ServerList(std::vector<IpAddress> all)
    : servers(std::move(all)), order(servers.size()), without_edns(servers.size()) {
    std::iota(order.begin(), order.end(), std::size_t{0});
}

template <class Record>
LookUp<Record>::LookUp(std::unique_ptr<Inquiry<Record>> inquiry, Deadline by)
    : inquiry_(std::move(inquiry)), by_(by) {}

template <class Record>
LookUp<Record>::LookUp(LookUp&&) noexcept = default;

template <class Record>
LookUp<Record>::~LookUp() = default;

template <class Record>
bool LookUp<Record>::advance(Time now) {
    if (inquiry_->advance(now)) return true;
    if (now < by_) return false;
    inquiry_->give_up(now);
    return true;
}

template <class Record>
Deadline LookUp<Record>::wakes() const {
    return std::min(by_, inquiry_->wakes());
}

template <class Record>
Answer<Record> LookUp<Record>::take() {
    return inquiry_->take();
}

template class LookUp<Mx>;
template class LookUp<IpAddress>;

AddressLookUp::AddressLookUp(std::unique_ptr<Inquiry<IpAddress>> ipv4,
                             std::unique_ptr<Inquiry<IpAddress>> ipv6, Deadline by)
    : ipv4_(std::move(ipv4)), ipv6_(std::move(ipv6)), by_(by) {}

AddressLookUp::AddressLookUp(AddressLookUp&&) noexcept = default;
AddressLookUp::~AddressLookUp() = default;

bool AddressLookUp::advance(Time now) {
    // Not "&&": each is to go on, whatever became of the other.
    const bool has_ipv4 = ipv4_->advance(now);
    const bool has_ipv6 = ipv6_->advance(now);
    if (has_ipv4 && has_ipv6) return true;
    if (now >= by_) {
        ipv4_->give_up(now);
        ipv6_->give_up(now);
        return true;
    }
    if (!other_by_ && (ipv4_->found() || ipv6_->found())) other_by_ = now + other_family_patience;
    if (!other_by_ || now < *other_by_) return false;
    if (!has_ipv4) ipv4_->give_up_as_late();
    if (!has_ipv6) ipv6_->give_up_as_late();
    return true;
}

Deadline AddressLookUp::wakes() const {
    Deadline wake = std::min(by_, other_by_.value_or(by_));
    if (!ipv4_->is_settled()) wake = std::min(wake, ipv4_->wakes());
    if (!ipv6_->is_settled()) wake = std::min(wake, ipv6_->wakes());
    return wake;
}

Addresses AddressLookUp::take() { return Addresses{ipv4_->take(), ipv6_->take()}; }

LookUp<Mx> LookUps::mx(const Domain& domain, Time now, Deadline deadline) {
    return {std::make_unique<Inquiry<Mx>>(carrier_, random_, servers_, domain, Type::mx),
            end_of_look_up(now, deadline)};
}

LookUp<IpAddress> LookUps::addresses(const Domain& host, Family family, Time now,
                                     Deadline deadline) {
    const Type type = family == Family::ipv4 ? Type::a : Type::aaaa;
    return {std::make_unique<Inquiry<IpAddress>>(carrier_, random_, servers_, host, type),
            end_of_look_up(now, deadline)};
}

AddressLookUp LookUps::addresses(const Domain& host, Time now, Deadline deadline) {
    return {std::make_unique<Inquiry<IpAddress>>(carrier_, random_, servers_, host, Type::a),
            std::make_unique<Inquiry<IpAddress>>(carrier_, random_, servers_, host, Type::aaaa),
            end_of_look_up(now, deadline)};
}

}  // namespace tern::dns
