// The laws of every delivery; see laws.hpp.
#include "support/laws.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "delivery/envelope.hpp"
#include "delivery/own_phrases.hpp"
#include "sasl/base64.hpp"
#include "support/dialogue.hpp"
#include "support/law_records.hpp"
#include "support/report_words.hpp"
#include "support/tls_laws.hpp"

namespace tern::test {
namespace {

using delivery::RecipientReport;


/// All that crossed the wire, beside the report.
class Laws {
public:
    Laws(SimulatedEnvironment& environment, const Outcome& outcome)
        : environment_(environment), report_(*outcome.report), outcome_(outcome) {
        read_people();
        read_wire();
    }

    void check() {
        check_words();
        check_letters();
        check_delivered_once();
        check_told_again();
        check_told();
        check_duplicates();
        check_other_ways();
        check_said_elsewhere();
        check_ways_out();
        check_required_tls(environment_);
        check_secrets();
        check_host_exists();
        check_bounds();
    }

private:
    void complain(std::string what) { environment_.simulation.complain(std::move(what)); }
    [[nodiscard]] bool is_success() const { return report_.letter == delivery::Letter::accepted; }
    [[nodiscard]] long people(const std::string& address) const {
        return std::ranges::count(people_, address, &Person::address);
    }
    [[nodiscard]] bool anything_written() const {
        return std::ranges::any_of(transactions_, &Transaction::was_written);
    }
    [[nodiscard]] bool anything_counts() const {
        return std::ranges::any_of(transactions_, &Transaction::counts);
    }
    [[nodiscard]] long delivered(const std::string& address) const {
        long times = 0;
        for (const Transaction& each : transactions_) times += each.delivered(address);
        return times;
    }

    void read_people();
    void read_wire();
    void check_words();
    void check_letters();
    void check_letter(const Person& person);
    [[nodiscard]] int code_of_refused_mail() const;
    void check_delivered_once();
    void check_told_again();
    void check_told();
    [[nodiscard]] bool is_told(const Person& person, bool by_chunks) const;
    void check_duplicates();
    void check_other_ways();
    void check_said_elsewhere();
    [[nodiscard]] bool anyone_unsaid(std::size_t before_dial) const;
    [[nodiscard]] bool anyone_left(std::size_t before_dial) const;
    void check_ways_out();
    void check_secrets();
    void check_host_exists();
    void check_bounds();

    SimulatedEnvironment& environment_;
    const delivery::Report& report_;
    const Outcome& outcome_;
    std::vector<Person> people_;
    std::vector<Transaction> transactions_;
    std::vector<Dialogue> dialogues_;  // one for each connection
    bool broke_protocol_ = false;
};

void Laws::read_people() {
    const std::vector<std::string_view> to(environment_.recipients.begin(),
                                           environment_.recipients.end());
    const Result<delivery::Addressing> read = delivery::read_envelope(environment_.sender, to);
    if (!read) return;
    std::size_t next = 0;
    for (std::size_t i = 0; i < read->faults.size(); ++i) {
        const bool told = i < report_.recipients.size();
        const RecipientReport* const report = told ? &report_.recipients[i] : nullptr;
        if (!read->faults[i]) people_.push_back({read->wire.recipients[next++].wire(), report});
        else if (told && (report->letter != 'h' || !says(report->text, "(#5.1.3)")))
            complain("an address that cannot be sent is not called so");
    }
}

void Laws::read_wire() {
    constexpr std::uint16_t implicit_tls = 465;
    for (Connection& connection : environment_.connections) {
        const ServerRecord& record = connection.peer->record;
        const bool implicit = connection.endpoint.port == implicit_tls;
        dialogues_.push_back(read_dialogue(environment_, connection, implicit));
        const Dialogue& dialogue = dialogues_.back();
        broke_protocol_ = broke_protocol_ || record.broke_protocol;
        if (!dialogue.trouble.empty())
            complain(concat(connection.peer->label(), ": ", dialogue.trouble));
        for (std::size_t i = 0; i < dialogue.transactions.size(); ++i) {
            Transaction transaction{connection.dial,
                                    connection.endpoint,
                                    record.broke_protocol,
                                    dialogue.transactions[i],
                                    {}};
            if (i < record.transactions.size()) transaction.served = record.transactions[i];
            transaction.behind_others =
                std::ranges::any_of(transactions_, [&](const Transaction& before) {
                    return before.endpoint == connection.endpoint &&
                           before.served.anyone_accepted();
                });
            transaction.lost_track = record.has_lost_track();
            // A server that does not know BDAT took nothing: whom it accepted may go another way.
            transaction.is_void = transaction.served.knows_no_chunks &&
                                  transaction.served.anyone_accepted() &&
                                  connection.dial + 1 < environment_.dials;
            transactions_.push_back(std::move(transaction));
        }
    }
}

// A letter agrees with the words after it.
void Laws::check_words() {
    for (const auto& [letter, words] : report_.recipients) {
        if (letter == 'r') continue;
        const std::string_view first = std::string_view(words).substr(0, words.find('\n'));
        const bool verdict = says_recipient_refused(words) || says_refused_after_message(words) ||
                             first.ends_with(" failed on DATA command.") ||
                             first.ends_with(" but sender was rejected.");
        const bool permanent = says(words, "\nRemote host said: 5") && !says(words, "(#4.5.");
        const bool own = says(words, "(#5.");
        // What asks for the TLS that failed with this server is no verdict.
        const bool held = letter == 's' && says_tls_is_wanted(words);
        if (letter == 'h' ? !own && !permanent : verdict && permanent && !held)
            complain(concat("a recipient's letter is not what was said: ", letter, shown(words)));
    }
    for (std::size_t i = 0; i < report_.recipients.size(); ++i)
        if (says(report_.recipients[i].text, "(#5.6.7)") &&
            std::ranges::none_of(environment_.recipients[i] + environment_.sender, is_8bit))
            complain("SMTPUTF8 is asked for without need");
}

// What the servers said of each recipient is what the report says.
void Laws::check_letters() {
    if (broke_protocol_) return;
    if (is_success()) {
        for (const Person& person : people_) check_letter(person);
        return;
    }
    std::string letters;
    for (const Person& person : people_)
        if (person.report != nullptr && !says(person.report->text, "(#5.6.7)"))
            letters += person.report->letter;
    const bool several = transactions_.size() > environment_.connections.size() ||
                         letters.find('r') == std::string::npos;
    if (several) return;  // each letter of several transactions is its own
    const bool answered_so = std::ranges::any_of(transactions_, [&](const Transaction& each) {
        std::string answers;
        for (std::size_t i = 0; i < each.served.recipients.size(); ++i) {
            const int kind = each.code_of(i) / 100;
            if (kind == 0) break;
            answers += kind == 2 ? 'r' : kind == 4 || each.postponed(i) ? 's' : 'h';
        }
        return answers.starts_with(letters);
    });
    if (!answered_so) complain(concat("no server answered the recipients with ", letters));
}

// K was said: the letter is the outcome of the last transaction that reported the recipient.
void Laws::check_letter(const Person& person) {
    if (person.report == nullptr) return complain("a recipient has no report");
    if (people(person.address) > 1) return;  // which is which is not known
    int code = 0;
    for (const Transaction& each : transactions_) {
        if (each.is_void || each.served.mail / 100 > 3) continue;
        for (std::size_t i = 0; i < each.served.recipients.size(); ++i) {
            if (each.served.recipients[i].address != person.address || each.code_of(i) == 0)
                continue;
            const bool taken = each.code_of(i) / 100 == 2;
            const int end = each.served.data / 100 > 3 ? each.served.data : each.served.end;
            if (taken && end == 0 && each.lost_track) return;
            code = taken ? end : each.code_of(i);
        }
    }
    const char letter = person.report->letter;
    // A reply that was lost is unknown, and the end of a later session says nothing of a recipient.
    if (letter == 's' && (!says(person.report->text, "\nRemote host said: ") ||
                          person.report->text.starts_with("Connected to ")))
        return;
    if (says_refused_before_message(person.report->text)) code = code_of_refused_mail();
    const char due = code / 100 == 2 ? 'r' : code / 100 == 5 ? 'h' : 's';
    // How a session ends between two transactions, be it by a 5xx, is no verdict on who waits.
    if (letter == 's' && says(person.report->text, "(#4.5.3)")) return;
    if (says(person.report->text, "(#5.6.7)") || letter == due) return;
    complain(concat("the server's last word for ", person.address, " was ", code,
                    ", the report says ", letter));
}

// Of the last MAIL that was refused.
int Laws::code_of_refused_mail() const {
    int code = 0;
    for (const Transaction& each : transactions_)
        if (each.served.mail / 100 > 3) code = each.served.mail;
    return code;
}

// contract.md#lost-or-doubled
void Laws::check_delivered_once() {
    long accepted = 0;
    for (const Person& person : people_) {
        const long times = delivered(person.address);
        accepted += times;
        if (times > people(person.address)) complain(concat("delivered twice: ", person.address));
        long letters = 0;
        long feared = 0;
        for (const Person& other : people_) {
            if (other.address != person.address) continue;
            letters += is_success() && other.has_letter('r') ? 1 : 0;
            feared += other.may_be_duplicate() ? 1 : 0;
        }
        if (!broke_protocol_ && letters > times)
            complain(concat(person.address, " is reported as delivered, and is not"));
        if (!broke_protocol_ && times > letters + feared && !says_possible_duplicate(report_.text))
            complain(concat(person.address, " has the message, and the sender is told otherwise"));
    }
    if (is_success() && !anything_written()) complain("K, and no end of data was written");
    if (is_success() && accepted == 0 && !broke_protocol_)
        complain("K, and no server took the message");
    // Whether it read that all was refused, the client alone knows.
    if (outcome_.end_of_data_written ? !anything_written() : anything_counts() && !broke_protocol_)
        complain(concat("the end of data was ", anything_written() ? "" : "not ",
                        "on the wire, but deliver() says otherwise"));
    // For whom an end of data was written is not offered to anybody again.
    for (const Person& person : people_) {
        long written = 0;
        for (const Transaction& each : transactions_) {
            if (each.broke_protocol) continue;
            const long offered = each.offered(person.address);
            if (written > 0 && written + offered > people(person.address))
                complain(concat(person.address, " is offered again after the end of data"));
            if (each.counts()) written += offered;
        }
    }
}

// In one session a recipient is sent again only after a 452 that was not the first reply.
void Laws::check_told_again() {
    for (const Connection& connection : environment_.connections) {
        for (const Person& person : people_) {
            long settled = 0;
            for (const Transaction& each : transactions_) {
                if (each.dial != connection.dial || each.broke_protocol) continue;
                for (std::size_t i = 0; i < each.spoken.recipients.size(); ++i)
                    if (each.spoken.recipients[i] == person.address && !each.postponed(i))
                        ++settled;
            }
            if (settled > people(person.address))
                complain(concat(person.address, " is told again without a reason"));
        }
    }
}

// A recipient whose message may have been taken is reported so, or with the server's refusal.
bool Laws::is_told(const Person& person, bool by_chunks) const {
    if (person.report != nullptr && person.report->letter != 'r') {
        const std::string_view words = person.report->text;
        return says_possible_duplicate(words) || says_refused_after_message(words) ||
               says_recipient_refused(words) || says(words, "(#5.6.7)") ||
               (by_chunks && says_refused_before_message(words));
    }
    if (is_success()) return person.report != nullptr;
    return says_possible_duplicate(report_.text) || says_refused_after_message(report_.text) ||
           (by_chunks && says_refused_before_message(report_.text));
}

void Laws::check_told() {
    for (const Transaction& each : transactions_) {
        if (!each.counts()) continue;
        const bool told = std::ranges::all_of(people_, [&](const Person& person) {
            const long are_told = std::ranges::count_if(people_, [&](const Person& other) {
                return other.address == person.address && is_told(other, each.spoken.by_chunks);
            });
            return are_told >= each.offered(person.address);
        });
        // A client that read the refusal of every recipient knows that no one got the message.
        const bool nobody_has_it =
            each.spoken.by_chunks && std::ranges::all_of(people_, [](const Person& person) {
                return person.report != nullptr && person.report->letter != 'r';
            });
        if (!told && !nobody_has_it) complain("the end of data was written and nobody is told");
    }
}

// "Possible duplicate!" is said of what was written, and of nothing else.
void Laws::check_duplicates() {
    if (says_possible_duplicate(report_.text) && !anything_written())
        complain("a duplicate is feared without reason");
    for (const Person& person : people_) {
        // A recipient who needs SMTPUTF8 is reported by how the transaction of the others ended.
        const bool ever_told = std::ranges::any_of(
            transactions_, [&](const Transaction& each) { return each.told(person.address); });
        if (!person.may_be_duplicate() || !ever_told) continue;
        const bool written = std::ranges::any_of(transactions_, [&](const Transaction& each) {
            return each.was_written() && each.told(person.address);
        });
        if (!written) complain(concat("a duplicate for ", person.address, " cannot be"));
    }
}

// After the end of data no other server, and the same one for others alone.
void Laws::check_other_ways() {
    const auto first = std::ranges::find_if(transactions_, &Transaction::counts);
    if (first == transactions_.end()) return;
    for (const auto& [dial, target] : environment_.dialled) {
        if (dial <= first->dial) continue;
        if (target.endpoint != first->endpoint && !anyone_unsaid(dial))
            complain("another server was tried after the end of data");
        else if (environment_.message.pipe) complain("a pipe is offered twice");
        else if (!broke_protocol_ && !anyone_left(dial))
            complain("another session after the end of data, and nobody waits for it");
    }
}

// Who was said with an end of data is said to no other server.
void Laws::check_said_elsewhere() {
    for (const Transaction& before : transactions_)
        for (const Transaction& each : transactions_) {
            if (!before.counts() || each.dial <= before.dial || each.endpoint == before.endpoint)
                continue;
            for (const std::string& address : each.spoken.recipients)
                if (before.told(address))
                    complain(concat(address, " is said to another server after the end of data"));
        }
}

// Whether a recipient was never sent before an end of data: a server without SMTPUTF8 cannot take
// all.
bool Laws::anyone_unsaid(std::size_t before_dial) const {
    return std::ranges::any_of(people_, [&](const Person& person) {
        return std::ranges::none_of(transactions_, [&](const Transaction& each) {
            return each.dial < before_dial && each.counts() && each.told(person.address);
        });
    });
}

bool Laws::anyone_left(std::size_t before_dial) const {
    return std::ranges::any_of(people_, [&](const Person& person) {
        long settled = 0;
        for (const Transaction& each : transactions_) {
            if (each.dial >= before_dial || each.is_void) continue;
            for (std::size_t i = 0; i < each.spoken.recipients.size(); ++i)
                if (each.spoken.recipients[i] == person.address && each.settles(i)) ++settled;
        }
        return settled < people(person.address);
    });
}

// Names, sources, TLS and AUTH are those that the operator's files ask for.
void Laws::check_ways_out() {
    for (std::size_t i = 0; i < dialogues_.size(); ++i) {
        Connection& connection = environment_.connections[i];
        const Dialogue& dialogue = dialogues_[i];
        const std::string& label = connection.peer->label();
        for (const std::string& name : dialogue.hello_names)
            if (environment_.hello_names.empty() ? name != environment_.settings.hello_name
                                           : !environment_.hello_names.contains(name))
                complain(concat(label, ": another hello name: ", shown(name)));
        const bool inside = connection.endpoint.address.is_loopback_or_unspecified();
        if (dialogue.said_auth_in_clear && !inside) complain(concat(label, ": AUTH in clear"));
        const bool honest = !connection.peer->record.broke_protocol;
        if (environment_.must_authenticate && honest && !dialogue.transactions.empty() &&
            !connection.peer->record.authenticated)
            complain(concat(label, ": MAIL, and the server did not say yes to AUTH"));
        const bool mail_in_clear =
            connection.peer->heard(connection.endpoint.port == 465).clear.find("MAIL FROM") !=
            std::string::npos;
        const bool required = connection.endpoint.port == 465 ||
                              requires_tls(environment_, connection.endpoint) ||
                              (environment_.must_authenticate && !inside);
        if (required && mail_in_clear) complain(concat(label, ": in clear, against demand"));
    }
    for (const auto& [dial, target] : environment_.dialled) {
        if (environment_.elsewhere.contains(target.endpoint))
            complain(concat("dials ", target.endpoint.address.to_string(),
                            ", which the operator did not name"));
        const auto source = environment_.sources.find(target.endpoint.address.family());
        if (source != environment_.sources.end() && source->second != target.source)
            complain("a connection from another source than the files say");
    }
}

// Neither a secret nor a line that was said in AUTH comes back. A server that has the secret from
// elsewhere and sends it before AUTH is quoted: nothing of ours came back.
void Laws::check_secrets() {
    std::vector<std::string> hidden;
    const auto was_said = [](const Dialogue& dialogue) { return !dialogue.said_in_auth.empty(); };
    const bool any_auth = std::ranges::any_of(dialogues_, was_said);
    const std::string transcript = any_auth ? std::string() : environment_.simulation.transcript();
    // A password that is a word of the report's own sentences is not leaked by them.
    const auto is_ours = [](const std::string& secret) {
        return std::ranges::any_of(delivery::own_phrases(), [&secret](std::string_view phrase) {
            return phrase.find(secret) != phrase.npos;
        });
    };
    for (const std::string& secret : environment_.secrets) {
        if (is_ours(secret)) continue;
        if (!any_auth && transcript.find(secret) != transcript.npos) continue;
        hidden.push_back(secret);
        hidden.emplace_back(sasl::to_base64(secret).reveal());
    }
    constexpr std::size_t telling = 8;  // shorter ones may stand in any text
    for (const Dialogue& dialogue : dialogues_)
        for (const std::string& said : dialogue.said_in_auth)
            if (said.size() >= telling) hidden.push_back(said);
    for (const std::string& each : hidden)
        if (says(outcome_.rendered, each)) complain("the report tells what was said in AUTH");
}

// contract.md#names: that a host does not exist only a name server's answer says.
void Laws::check_host_exists() {
    const bool says_so = report_.text.starts_with("Sorry, I couldn't find any host named ");
    if (says_so && environment_.records.may_have_any(environment_.host))
        complain("a host that exists is reported not to");
}

void Laws::check_bounds() {
    const routing::Settings& settings = environment_.settings;
    if (sessions_that_count(environment_) > delivery::most_sessions) complain("too many sessions");
    if (environment_.dials > delivery::most_connections) complain("too many connections");
    // Each transaction after the first of its session settles a recipient.
    if (transactions_.size() > delivery::most_sessions + people_.size())
        complain("transactions that do not get on");
    const Duration look_ups = 21 * std::chrono::seconds(30);
    const Duration dials =
        delivery::most_connections * (2 * settings.timeout_connect + std::chrono::seconds(1));
    const auto of_transaction = static_cast<long>(
        6 + people_.size() + 2 * (environment_.message.content.size() / settings.chunk_size + 1));
    const auto all = static_cast<long>(delivery::most_sessions + people_.size());
    constexpr long of_session = 20;  // greeting to AUTH, and QUIT
    if (outcome_.took >
        look_ups + dials +
            (all * of_transaction + delivery::most_sessions * of_session) * settings.timeout_remote)
        complain("the delivery took too long");
}

}  // namespace

void check_laws(SimulatedEnvironment& environment, const Outcome& outcome) {
    if (!outcome.report) return;  // complained of already
    check_form(environment, outcome);
    Laws(environment, outcome).check();
}

}  // namespace tern::test
