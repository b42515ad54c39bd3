// Files of other qmail packages that concern the sending program and are not read by it; see
// check_parts.hpp.
#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "control/catalogue.hpp"
#include "control/control_file.hpp"
#include "routing/check.hpp"
#include "dns/domain.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/show/printable.hpp"

namespace tern::explain {
namespace {

// notlshosts_auto is a switch, and 0 turns it off.
bool is_switched_off(std::string_view name) {
    return name == "notlshosts_auto" &&
           control::read_number(concat("control/", name), 0, 1).value_or(1) == 0;
}

// indimail: outgoingip.example.org is for mail to example.org.
std::string_view domain_of_source(std::string_view name) {
    constexpr std::string_view prefix = "outgoingip.";
    if (!name.starts_with(prefix)) return {};
    const std::string_view domain = name.substr(prefix.size());
    return domain.find('.') != domain.npos && dns::Domain::parse(domain) ? domain
                                                                         : std::string_view();
}

Severity severity_of(control::Loss loss) {
    if (loss == control::Loss::nothing) return Severity::note;
    return loss == control::Loss::protection ? Severity::error : Severity::warning;
}

void add(Checking& checking, std::string_view name, const control::ForeignFile& file) {
    checking.found.add(severity_of(file.loss), concat("control/", printable(name, 100)), 0,
                       concat("not read (a file of ", file.package, "): ", file.what),
                       std::string(file.cure));
}

}  // namespace

bool is_foreign(std::string_view name) {
    const auto files = control::foreign_files();
    return std::ranges::find(files, name, &control::ForeignFile::name) != files.end() ||
           !domain_of_source(name).empty();
}

void check_foreign(Checking& checking) {
    const auto files = control::foreign_files();
    for (const std::string& name : names_in("control")) {
        const auto file = std::ranges::find(files, name, &control::ForeignFile::name);
        if (file != files.end() && !is_switched_off(name)) add(checking, name, *file);
        const std::string_view domain = domain_of_source(name);
        if (domain.empty()) continue;
        const std::string cure =
            concat("write outgoingip=ADDRESS into control/smtproutes.d/", printable(domain, 100));
        add(checking, name, {name, "indimail", "the source address is not used", cure});
    }
    const std::string rules = read_checked(checking, "control/tlsdestinations", Severity::error);
    for (const routing::Mistake& mistake : routing::check_tls_destinations(rules))
        checking.found.add(mistake.defers ? Severity::error : Severity::warning,
                           mistake.origin.file, mistake.origin.line, printable(mistake.what), {});
}

}  // namespace tern::explain
