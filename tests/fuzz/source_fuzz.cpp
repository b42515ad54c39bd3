// Files of source addresses and hello names: what is found is of the family that was asked for and
// can be said, and what defers is named by the check of its file; the same for the files about
// extensions and mechanisms. Sender and files end at a NUL.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "fuzz/tools.hpp"
#include "routing/check.hpp"
#include "routing/ignored_extensions.hpp"
#include "routing/mechanism_order.hpp"
#include "routing/source.hpp"
#include "routing/source_lines.hpp"

namespace {

using Mistakes = std::vector<tern::routing::Mistake>;
using tern::fuzz::expect;
using tern::fuzz::take;

bool names(const Mistakes& mistakes, std::string_view detail) {
    return std::any_of(mistakes.begin(), mistakes.end(), [detail](const auto& mistake) {
        return detail == tern::concat(mistake.origin.to_string(), ": ", mistake.what);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const std::string_view sender = take(rest);
    tern::routing::SourceFiles files;
    files.domainips = take(rest);
    files.helohostbyip = take(rest);
    files.outgoingip = take(rest);
    files.outgoingip6 = rest;

    Mistakes all = tern::routing::check_domainips(files.domainips);
    for (Mistakes more :
         {tern::routing::check_helohostbyip(files.helohostbyip),
          tern::routing::check_outgoingip(files.outgoingip, tern::Family::ipv4),
          tern::routing::check_outgoingip(files.outgoingip6, tern::Family::ipv6)})
        all.insert(all.end(), more.begin(), more.end());
    for (const auto& mistake : all) expect(!mistake.what.empty() && mistake.origin.line != 0);

    // Any text may be in the other files as well.
    const auto address = tern::IpAddress::parse(sender).value_or(tern::IpAddress());
    const auto ignored =
        tern::routing::find_ignored_extensions(files.domainips, sender, address);
    expect(!ignored.has(tern::smtp::Extension::start_tls));
    for (const auto& mistake : tern::routing::check_ignoreextensions(files.domainips))
        expect(!mistake.what.empty() && !mistake.defers);
    const auto order = tern::routing::read_mechanism_order(files.helohostbyip);
    expect(!order || !order->empty());
    const Mistakes of_order = tern::routing::check_authmechanisms(files.helohostbyip);
    expect(order.has_value() == std::none_of(of_order.begin(), of_order.end(),
                                             [](const auto& mistake) { return mistake.defers; }));

    const tern::routing::Route route;
    for (const tern::Family family : {tern::Family::ipv4, tern::Family::ipv6}) {
        const auto source = tern::routing::find_source(files, route, sender, family);
        if (!source) {
            expect(names(all, source.error().detail));
            continue;
        }
        expect(source->hello_name.empty() || tern::routing::is_hello_name(source->hello_name));
        if (!source->address) continue;
        expect(source->address->family() == family && !source->origin.file.empty());
        const auto hello = tern::routing::find_hello_name(files.helohostbyip, *source->address);
        if (!hello) expect(names(all, hello.error().detail));
        else if (*hello) expect(tern::routing::is_hello_name(**hello));
    }
    return 0;
}
