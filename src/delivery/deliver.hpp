// One delivery: from the next hop over its exchangers and addresses to a report.
#pragma once

#include <span>
#include <string_view>

#include "base/message_source.hpp"
#include "delivery/itinerary.hpp"
#include "delivery/outcome.hpp"
#include "delivery/report.hpp"
#include "routing/route.hpp"
#include "routing/settings.hpp"
#include "environment/environment.hpp"

namespace tern::delivery {

/// What one delivery is asked to do: all that belongs to it alone.
struct DeliveryRequest {
    std::string_view host;  ///< this and the next two as in the arguments of qmail-remote
    std::string_view sender;
    std::span<const std::string_view> recipients;
    MessageSource& message;
    /// Learns how every connection ended; usually absent.
    OutcomeObserver* observer = nullptr;
};

/// Tries each endpoint until an attempt settles, and reports what came of it. `route` is what
/// routing::find_route() gives for the request; why there is none is reported. The task keeps the
/// only copy of its credentials, and wipes it. `end_of_data_written` is set when the end of data
/// was handed to the kernel, so that the catcher of an exception knows whether to say "Possible
/// duplicate!". Everything given must outlive the task. `environment` and `settings` may serve
/// other deliveries meanwhile; the texts of routes in `settings` are not read.
Task<Report> deliver(Environment& environment, const routing::Settings& settings,
                     Result<routing::Route> route, const DeliveryRequest& request,
                     bool& end_of_data_written);

}  // namespace tern::delivery
