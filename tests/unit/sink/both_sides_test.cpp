// The sender's mechanisms against the receiver's, which share no line: what one says the other must
// understand.
#include <gmock/gmock.h>

#include <vector>

#include "sasl/exchange.hpp"
#include "sink/auth.hpp"

namespace tern::sink {
namespace {

using std::string_literals::operator""s;
using State = AuthExchange::State;

class Counting final : public Random {
public:
    std::uint32_t below(std::uint32_t bound) override { return next_++ % bound; }

private:
    std::uint32_t next_ = 7;
};

const std::vector<User> users = {{"joe", "sesame"}, {"a=b,c", "with space and \xc3\xa4"}};

struct Pair {
    sasl::Mechanism client;
    Mechanism server;
    bool token = false;
};

const std::vector<Pair> pairs = {
    {sasl::Mechanism::plain, Mechanism::plain},
    {sasl::Mechanism::login, Mechanism::login},
    {sasl::Mechanism::cram_md5, Mechanism::cram_md5},
    {sasl::Mechanism::scram_sha_256, Mechanism::scram_sha_256},
    {sasl::Mechanism::scram_sha_256_plus, Mechanism::scram_sha_256_plus},
    {sasl::Mechanism::xoauth2, Mechanism::xoauth2, true},
    {sasl::Mechanism::oauthbearer, Mechanism::oauthbearer, true},
};

struct Meeting {
    State state = State::asks;
    bool client_content = false;
    bool client_gave_up = false;
};

/// Runs one login to its end.
Meeting meet(const Pair& pair, const sasl::Credentials& credentials,
             const sasl::Circumstances& circumstances, const TlsFacts* tls, bool offers_plus) {
    Counting random;
    const auto client = sasl::begin(pair.client, credentials, circumstances, random);
    AuthExchange server(pair.server, users, "mx.example", tls, offers_plus);
    Meeting met;
    const std::optional<Secret> first = client->first_words();
    const std::string words(first ? first->reveal() : std::string_view());
    met.state = server.begin(first ? &words : nullptr);
    for (int step = 0; met.state == State::asks && step < 10; ++step) {
        const sasl::Response response = client->respond(server.challenge());
        if (!response) {
            met.client_gave_up = true;
            return met;
        }
        met.state = server.respond(std::string(response->reveal()));
    }
    met.client_content = !client->objection();
    return met;
}

TlsFacts facts(std::string binding) {
    TlsFacts made;
    made.binding_type = "tls-exporter";
    made.binding_data = std::move(binding);
    return made;
}

sasl::Circumstances bound_to(std::string binding) {
    sasl::Circumstances made;
    made.host = "mx.example";
    made.binding = ChannelBinding{"tls-exporter", std::move(binding)};
    return made;
}

sasl::Credentials credentials(const Pair& pair, const User& user) {
    sasl::Credentials made = sasl::credentials_of_route(user.name, user.password);
    if (pair.token) made.kind = sasl::Credentials::Kind::token;
    return made;
}

TEST(BothSides, UnderstandEachOther) {
    const TlsFacts tls = facts("data\0\xff"s);
    for (const Pair& pair : pairs) {
        for (const User& user : users) {
            // The sink reads OAUTHBEARER's user as it is.
            if (pair.token && user.name != "joe") continue;
            const Meeting met = meet(pair, credentials(pair, user), bound_to("data\0\xff"s), &tls,
                                     pair.server == Mechanism::scram_sha_256_plus);
            EXPECT_EQ(met.state, State::accepted) << sasl::name_of(pair.client) << user.name;
            EXPECT_TRUE(met.client_content) << sasl::name_of(pair.client);
        }
    }
}

TEST(BothSides, AWrongPasswordIsRefused) {
    const TlsFacts tls = facts("data");
    for (const Pair& pair : pairs) {
        for (const User& user : {User{"joe", "wrong"}, User{"nobody", "sesame"}}) {
            const Meeting met = meet(pair, credentials(pair, user), bound_to("data"), &tls,
                                     pair.server == Mechanism::scram_sha_256_plus);
            EXPECT_EQ(met.state, State::refused) << sasl::name_of(pair.client) << user.name;
        }
    }
}

// An attacker in the middle has one TLS session with each side.
TEST(BothSides, AnotherSessionDoesNotFit) {
    const TlsFacts tls = facts("of the middle and the server");
    const Pair& plus = pairs[4];
    EXPECT_EQ(meet(plus, credentials(plus, users[0]), bound_to("of the client and the middle"),
                   &tls, true).state,
              State::refused);
    TlsFacts other_type = facts("data");
    other_type.binding_type = "tls-unique";
    EXPECT_EQ(meet(plus, credentials(plus, users[0]), bound_to("data"), &other_type, true).state,
              State::refused);
}

// He takes the offer of SCRAM-SHA-256-PLUS away; the client's "y" shows it (RFC 5802 6).
TEST(BothSides, AnOfferTakenAwayIsNoticed) {
    const TlsFacts tls = facts("data");
    const Pair& without = pairs[3];
    EXPECT_EQ(meet(without, credentials(without, users[0]), bound_to("data"), &tls, true).state,
              State::refused);
    EXPECT_EQ(meet(without, credentials(without, users[0]), sasl::Circumstances(), &tls,
                   true).state,
              State::accepted);
}

}  // namespace
}  // namespace tern::sink
