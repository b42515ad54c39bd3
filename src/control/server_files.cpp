// The operator's files about single servers; see server_files.hpp.
#include "control/server_files.hpp"

#include <string>
#include <vector>

#include "base/text.hpp"
#include "control/catalogue.hpp"

namespace tern::control {
namespace {

constexpr std::string_view tls_destinations_file = about(File::tlsdestinations).name;
constexpr std::string_view tls_hosts = about(File::tlshosts).name;
constexpr std::string_view no_tls_hosts = about(File::notlshosts).name;

std::string path_of(std::string_view name) {
    return concat("control/", name);
}

}  // namespace

ServerFileReader::ServerFileReader(const Listing& control)
    : may_have_tls_destinations_(control.may_have(tls_destinations_file)) {}

Result<Secret> ServerFileReader::token_file(const std::string& path) {
    const Result<std::optional<WipedText>> content = read_secret_file(path);
    if (!content) return tl::unexpected<Failure>(content.error());
    if (*content) return Secret(**content);
    return fail(Stage::start, Cause::control_file,
                concat(path, ": the file of the access token does not exist"));
}

Result<std::string> ServerFileReader::tls_destinations() {
    if (!may_have_tls_destinations_) return std::string();
    if (!tls_destinations_)
        tls_destinations_ = read_file(path_of(tls_destinations_file))
                                .map([](std::optional<std::string>&& content) {
                                    return std::move(content).value_or("");
                                });
    return *tls_destinations_;
}

// contract.md#tls-files: tlshosts/<FQDN>.pem beats notlshosts/<FQDN> and exhaustivelist.
Result<tls::Requirement> ServerFileReader::requirement(const dns::Domain& server) {
    std::vector<std::string> exclusions;
    // A dangling symbolic link requires TLS as well, and what a directory that it named required is
    // not known: the mail must not go unverified because of it.
    const Result<bool> any_required = has_directory(path_of(tls_hosts));
    if (!any_required) return tl::unexpected<Failure>(any_required.error());
    if (*any_required) {
        const std::string trust_file = concat("control/", tls_hosts, "/", server.ascii(), ".pem");
        const Result<bool> required = is_named(trust_file);
        if (!required) return tl::unexpected<Failure>(required.error());
        if (*required) return tls::Requirement::verified(trust_file, server.ascii());
        exclusions.push_back(concat("control/", tls_hosts, "/exhaustivelist"));
    }
    exclusions.push_back(concat("control/", no_tls_hosts, "/", server.ascii()));
    tls::Requirement requirement = tls::Requirement::opportunistic();
    for (std::string& file : exclusions) {
        const Result<bool> excluded = exists(file);
        if (!excluded) return tl::unexpected<Failure>(excluded.error());
        if (*excluded) requirement = tls::Requirement::none(std::move(file));
    }
    return requirement;
}

}  // namespace tern::control
