// One delivery: from the next hop over its exchangers and addresses to a report.
#pragma once

#include <span>
#include <string_view>

#include "delivery/itinerary.hpp"
#include "delivery/report.hpp"
#include "routing/settings.hpp"
#include "environment/environment.hpp"

namespace tern::delivery {

/// The arguments of qmail-remote.
struct Arguments {
    std::string_view host;
    std::string_view sender;
    std::span<const std::string_view> recipients;
};

/// Tries each endpoint until an attempt settles, and tells what came of it. `end_of_data_written`
/// is set when the end of data was handed to the kernel, so that the catcher of an exception knows
/// whether to say "Possible duplicate!". The texts of the routes in `settings` are wiped once the
/// way is known. Everything given must outlive the task.
Task<Report> deliver(Environment& environment, routing::Settings& settings,
                     const Arguments& arguments, bool& end_of_data_written);

}  // namespace tern::delivery
