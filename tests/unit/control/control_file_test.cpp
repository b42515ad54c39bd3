// Control files by qmail's rules.
#include "control/control_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "base/text.hpp"
#include "control/read_settings.hpp"
#include "control/server_files.hpp"
#include "support/directory.hpp"

namespace tern::control {
namespace {

using std::string_literals::operator""s;

/// A home directory of its own, which is the working directory while it lives.
class ControlFile : public testing::Test {
protected:
    ControlFile()
        : before_(std::filesystem::current_path()) {
        std::filesystem::current_path(home_.path());
        std::filesystem::create_directories("control/tlshosts");
        std::filesystem::create_directories("control/notlshosts");
        write("me", "me.example\n");
    }
    ~ControlFile() override { std::filesystem::current_path(before_); }
    static void write(const std::string& name, const std::string& content) {
        std::ofstream("control/" + name, std::ios::binary) << content;
    }
    static std::string line_of(const std::string& content) {
        write("x", content);
        return read_line("control/x")->value_or("(none)");
    }
    static std::string list_of(const std::string& content) {
        write("x", content);
        return *read_list("control/x", ':');
    }

private:
    const test::Directory home_;
    const std::filesystem::path before_;
};

TEST_F(ControlFile, OneLine) {
    EXPECT_EQ(line_of("name\n"), "name");
    EXPECT_EQ(line_of("name"), "name");
    EXPECT_EQ(line_of("name \t\r\n"), "name");
    EXPECT_EQ(line_of("  name x \nother\n"), "  name x");
    EXPECT_EQ(line_of("\nother\n"), "");
    EXPECT_EQ(line_of("#name\n"), "#name");
    EXPECT_EQ(line_of(""), "");
    EXPECT_FALSE(read_line("control/absent")->has_value());
    EXPECT_FALSE(read_line("control/me/absent")->has_value());
}

TEST_F(ControlFile, Numbers) {
    const auto number_of = [](const std::string& content) {
        write("x", content);
        return *read_number("control/x", 60, 1000);
    };
    EXPECT_EQ(number_of("5\n"), 5U);
    EXPECT_EQ(number_of("5 seconds\n"), 5U);
    EXPECT_EQ(number_of("007"), 7U);
    EXPECT_EQ(number_of("0\n"), 0U);
    EXPECT_EQ(number_of("five\n"), 60U);
    EXPECT_EQ(number_of("-5\n"), 60U);
    EXPECT_EQ(number_of(" 5\n"), 60U);
    EXPECT_EQ(number_of(""), 60U);
    EXPECT_EQ(number_of("99999999999999999999999999\n"), 1000U);
    EXPECT_EQ(*read_number("control/absent", 60, 1000), 60U);
}

TEST_F(ControlFile, Lists) {
    EXPECT_EQ(list_of("a\nb\n"), "a:b");
    EXPECT_EQ(list_of("a \t\n\n#c\nb"), "a:b");
    EXPECT_EQ(list_of("#only\n\n"), "");
    EXPECT_EQ(list_of(" a\n"), " a");
    EXPECT_EQ(*read_list("control/absent", ':'), "");
}

TEST_F(ControlFile, WhatCannotBeReadIsReported) {
    for (const auto& failure :
         {read_file("control").error(), read_line("control").error(),
          read_list("control", ':').error(), read_number("control", 1, 2).error()}) {
        EXPECT_EQ(failure.cause, Cause::control_file);
        EXPECT_EQ(failure.detail, "control: is a directory");
    }
    ASSERT_EQ(::symlink("loop", "control/loop"), 0);
    EXPECT_FALSE(read_file("control/loop"));
    EXPECT_FALSE(exists("control/loop"));
    EXPECT_TRUE(*exists("control/me"));
    EXPECT_FALSE(*exists("control/absent"));
    EXPECT_FALSE(*exists("control/" + std::string(5000, 'x')));
}

TEST_F(ControlFile, BytesStayBytes) {
    write("x", "a\0b\xff\n"s);
    EXPECT_EQ(**read_file("control/x"), "a\0b\xff\n"s);
    EXPECT_EQ(**read_line("control/x"), "a\0b\xff"s);
}

TEST_F(ControlFile, SettingsHaveTheManualsDefaults) {
    const Result<routing::Settings> settings = read_settings("example.net");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->hello_name, "me.example");
    EXPECT_EQ(settings->timeout_connect, std::chrono::seconds(60));
    EXPECT_EQ(settings->timeout_remote, std::chrono::seconds(1200));
    EXPECT_EQ(settings->routes.smtproutes, "");
    EXPECT_EQ(settings->tls.ciphers, "");
    EXPECT_EQ(settings->tls.certificate_file, "");
}

TEST_F(ControlFile, SettingsAreRead) {
    write("helohost", "helo.example \n");
    write("timeoutconnect", "5\n");
    write("timeoutremote", "7\n");
    write("smtproutes", ":relay\n");
    write("tlsclientciphers", "# strong\nHIGH\n!aNULL\n");
    write("clientcert.pem", "");
    const Result<routing::Settings> settings = read_settings("example.net");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->hello_name, "helo.example");
    EXPECT_EQ(settings->timeout_connect, std::chrono::seconds(5));
    EXPECT_EQ(settings->timeout_remote, std::chrono::seconds(7));
    EXPECT_EQ(settings->routes.smtproutes, ":relay\n");
    EXPECT_EQ(settings->tls.ciphers, "HIGH:!aNULL");
    EXPECT_EQ(settings->tls.certificate_file, "control/clientcert.pem");
}

// Blocks end after a newline, but for a line that is longer than one and the file's last.
TEST_F(ControlFile, BlocksAreTheWholeFile) {
    const std::string line(100, 'x');
    std::string lines;
    while (lines.size() < 300'000) lines += concat(line, lines.size(), "\n");
    for (const std::string& content :
         {""s, "\n"s, "a"s, "a\nb"s, "a\0b\n"s, lines, lines + "no newline",
          std::string(200'000, 'y'), lines + std::string(150'000, 'z') + "\n" + lines,
          std::string(65'536, '\n'), std::string(65'535, 'y') + "\n",
          std::string(65'536, 'y') + "\n" + "a"}) {
        write("x", content);
        std::string all;
        bool ended = false;
        const Result<bool> there = read_blocks("control/x", [&](std::string_view block) {
            EXPECT_FALSE(ended) << "only the last may have no newline";
            ended = !block.ends_with('\n');
            all += block;
        });
        EXPECT_EQ(there, true);
        EXPECT_TRUE(all == content) << content.size();
    }
    const auto nothing = [](std::string_view) { FAIL(); };
    EXPECT_EQ(read_blocks("control/absent", nothing), false);
    std::filesystem::create_directory("control/directory");
    EXPECT_FALSE(read_blocks("control/directory", nothing));
}

// Whichever lines are left out, the route is the one of the whole file, with its line's
// number.
TEST_F(ControlFile, LinesThatDoNotFitTheHostChangeNothing) {
    const std::vector<std::string> keys{"",       "a.net",        ".net", "x.a.net",      ".a.net",
                                        "!@",     "b\xc3\xb6.de", ".de",  "xn--b-eha.de", "A.NET",
                                        "#a.net", "[192.0.2.1]",  "net",  "a.net "};
    std::mt19937 dice(7);
    for (int round = 0; round < 300; ++round) {
        std::string content;
        for (std::size_t lines = dice() % 30; lines > 0; --lines) {
            if (dice() % 8 == 0) content += "\n";
            content +=
                concat(keys[dice() % keys.size()], dice() % 9 == 0 ? " " : ":", "relay", lines,
                       dice() % 10 == 0 ? ":0" : "", lines > 1 || dice() % 2 == 0 ? "\n" : "");
        }
        write("smtproutes", content);
        routing::RouteFiles whole;
        whole.smtproutes = content;
        for (const std::string host : {"a.net", "x.a.net", "y.x.a.net", "b\xc3\xb6.de",
                                       "xn--b-eha.de", "192.0.2.1", "other", "a.net."}) {
            const Result<routing::Settings> settings = read_settings(host);
            ASSERT_TRUE(settings);
            for (const std::string sender : {"", "bob@a.net"}) {
                const auto wanted = routing::find_route(whole, host, sender);
                const auto found = routing::find_route(settings->routes, host, sender);
                ASSERT_EQ(found.has_value(), wanted.has_value()) << host << ":\n" << content;
                if (!wanted) {
                    EXPECT_EQ(found.error().detail, wanted.error().detail) << host << ":\n"
                                                                           << content;
                    continue;
                }
                EXPECT_EQ(found->origin.to_string(), wanted->origin.to_string()) << host << ":\n"
                                                                                 << content;
                EXPECT_EQ(found->relays.size(), wanted->relays.size());
            }
        }
    }
}

// Of any route: they went through the memory of this process, which a core dump has.
TEST_F(ControlFile, PasswordsAreNoticedInEveryLine) {
    std::filesystem::create_directory("control/smtproutes.d");
    for (const std::string name :
         {"authsenders", "qmtproutes", "smtproutes", "smtproutes.d/example.net"}) {
        const std::string secret = "other.example:relay|user|password\n";
        for (const std::string& content : {secret, secret + ":relay\n", ":relay\n" + secret}) {
            write(name, content);
            EXPECT_TRUE(read_settings("example.net")->routes.hold_passwords) << name << content;
        }
        // A port and blanks, or whatever else somebody may have tried.
        for (const char* content : {"other.example:relay:587 user password\n",
                                    ":relay\nother.example:relay:587\tuser\tpassword\n",
                                    "relay user password\n"}) {
            write(name, content);
            EXPECT_TRUE(read_settings("example.net")->routes.hold_passwords) << name << content;
        }
        for (const char* content : {"", ":relay\n", "other.example:relay\n:relay\n"}) {
            write(name, content);
            EXPECT_FALSE(read_settings("example.net")->routes.hold_passwords) << name << content;
        }
    }
}

// An empty file is not one that does not exist.
TEST_F(ControlFile, ExtensionsAndMechanisms) {
    EXPECT_EQ(read_settings("example.net")->ignoreextensions, "");
    EXPECT_EQ(read_settings("example.net")->authmechanisms, std::nullopt);
    write("ignoreextensions", "*:CHUNKING\n");
    write("authmechanisms", "");
    EXPECT_EQ(read_settings("example.net")->ignoreextensions, "*:CHUNKING\n");
    EXPECT_EQ(read_settings("example.net")->authmechanisms, "");
    std::filesystem::remove("control/authmechanisms");
    std::filesystem::create_directory("control/authmechanisms");
    EXPECT_FALSE(read_settings("example.net"));
}

TEST_F(ControlFile, AHelloNameMustBeFitToBeSaid) {
    for (const std::string& name : {"\n"s, ""s, "m\xc3\xa9.example\n"s, "a\0b\n"s, "a\tb\n"s}) {
        write("helohost", name);
        const Result<routing::Settings> settings = read_settings("example.net");
        ASSERT_FALSE(settings) << name;
        EXPECT_EQ(settings.error().cause, Cause::control_file);
        EXPECT_THAT(settings.error().detail, testing::StartsWith("control/helohost: "));
    }
    std::filesystem::remove("control/helohost");
    std::filesystem::remove("control/me");
    EXPECT_THAT(read_settings("example.net").error().detail, testing::HasSubstr("control/me"));
}

TEST_F(ControlFile, BrokenFilesAreNamed) {
    for (const char* name :
         {"timeoutconnect", "timeoutremote", "smtproutes", "tlsclientciphers", "helohost"}) {
        std::filesystem::create_directory(concat("control/", name));
        const Result<routing::Settings> settings = read_settings("example.net");
        ASSERT_FALSE(settings) << name;
        EXPECT_EQ(settings.error().detail, concat("control/", name, ": is a directory"));
        std::filesystem::remove(concat("control/", name));
    }
}

TEST_F(ControlFile, RulesForServers) {
    using Kind = tls::Requirement::Kind;
    ServerFileReader rules;
    const auto kind_of = [&rules](const char* name) {
        return rules.requirement(*dns::Domain::parse(name))->kind;
    };
    EXPECT_EQ(kind_of("mx.example"), Kind::opportunistic);
    write("notlshosts/mx.example", "");
    EXPECT_EQ(kind_of("mx.example"), Kind::none);
    EXPECT_EQ(kind_of("MX.example."), Kind::none);
    write("tlshosts/mx.example.pem", "");
    EXPECT_EQ(kind_of("mx.example"), Kind::verified);
    const tls::Requirement demanded = *rules.requirement(*dns::Domain::parse("mx.example"));
    EXPECT_EQ(demanded.trust_file, "control/tlshosts/mx.example.pem");
    EXPECT_EQ(demanded.origin, "control/tlshosts/mx.example.pem");
    EXPECT_EQ(demanded.reference_name, "mx.example");
    // Whoever made a link wanted verification, also where it leads nowhere (any more).
    std::filesystem::create_symlink("/no/such/directory", "control/tlshosts/linked.example.pem");
    EXPECT_EQ(kind_of("linked.example"), Kind::verified);
    write("tlshosts/exhaustivelist", "");
    EXPECT_EQ(kind_of("mx.example"), Kind::verified);
    EXPECT_EQ(kind_of("other.example"), Kind::none);
}

// Without the directory it is unknown what was required, and a link to it shows that there was one.
TEST_F(ControlFile, DemandsThatCannotBeReachedAreATrouble) {
    std::filesystem::remove_all("control/tlshosts");
    ServerFileReader rules;
    const dns::Domain server = *dns::Domain::parse("mx.example");
    EXPECT_EQ(rules.requirement(server)->kind, tls::Requirement::Kind::opportunistic);
    std::filesystem::create_symlink("/no/such/directory", "control/tlshosts");
    ASSERT_FALSE(rules.requirement(server));
    EXPECT_EQ(rules.requirement(server).error().cause, Cause::control_file);
    EXPECT_EQ(rules.requirement(server).error().detail,
              "control/tlshosts: a dangling symbolic link");
    std::filesystem::remove("control/tlshosts");
    write("tlshosts", "");
    ASSERT_FALSE(rules.requirement(server));
    EXPECT_EQ(rules.requirement(server).error().detail, "control/tlshosts: not a directory");
}

// One listing of control/ shows that a file does not exist; where it may exist it is opened.
TEST_F(ControlFile, TlsDestinationsAreAskedForWhereTheListingHasThem) {
    ServerFileReader none(Listing("control"));
    write("tlsdestinations", "-*:\n");
    EXPECT_EQ(none.tls_destinations().value_or("(trouble)"), "");
    EXPECT_EQ(ServerFileReader().tls_destinations().value_or("(trouble)"), "-*:\n");
    EXPECT_EQ(ServerFileReader(Listing("control")).tls_destinations().value_or("(trouble)"),
              "-*:\n");
    std::filesystem::remove("control/tlsdestinations");
    std::filesystem::create_directory("control/tlsdestinations");
    const Result<std::string> trouble = ServerFileReader(Listing("control")).tls_destinations();
    ASSERT_FALSE(trouble);
    EXPECT_EQ(trouble.error().cause, Cause::control_file);
    EXPECT_EQ(trouble.error().detail, "control/tlsdestinations: is a directory");
}

// btrfs omits a file from a listing that replaced another one after the directory was
// opened. On other file systems than those known to list it each file is opened.
TEST(Listing, BelievesOnlyFileSystemsThatKeepNamesInPlace) {
    EXPECT_TRUE(Listing("/proc/self").may_have("smtproutes"));
    EXPECT_TRUE(Listing("/proc/self").may_have("status"));
    EXPECT_FALSE(Listing("/no/such/directory").may_have("smtproutes"));
}

}  // namespace
}  // namespace tern::control
