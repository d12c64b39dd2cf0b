// Which handler answers a method and a path: literal and {name} segments, decided without
// allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/door.h"
#include "net/http.h"

namespace baton::api::rest {

using api::Auth;
using api::RouteInfo;

/// A match: which route, and the segments its {names} stand for, in order. Views into the path.
struct RouteMatch {
    static constexpr std::size_t params_max = route_params_max;
    std::size_t route = 0;
    std::array<std::string_view, params_max> params{};
};

/// Nothing matched: no route has the path, or those that have it take other methods.
struct RouteMiss {
    std::vector<net::Method> allowed;  ///< empty: no such path
};

/// Where in the decoded path of a target a slash stands that came as %2F: it belongs to a name.
/// `target`: one that net::parse_target takes.
[[nodiscard]] std::vector<std::size_t> inner_slashes_of(std::string_view target);

/// An immutable table. Literal segments win over {names}. HEAD matches GET routes. Safe from any
/// thread.
class Router final {
public:
    /// `routes` must outlive the router; at most 256. Aborts on two routes that no request can tell
    /// apart.
    explicit Router(std::span<const RouteInfo> routes);

    /// `path`: decoded, begins with '/'. A trailing slash is another path. `inner_slashes`: places
    /// in it, rising, of slashes that do not end a segment (inner_slashes_of).
    [[nodiscard]] std::expected<RouteMatch, RouteMiss> match(net::Method method,
        std::string_view path, std::span<const std::size_t> inner_slashes = {}) const;

private:
    /// A node of the trie of segments.
    struct Node {
        std::string_view literal;           ///< empty in a {name} node
        std::vector<std::size_t> children;  ///< literal ones
        std::size_t param_child = 0;        ///< 0: none
        std::vector<std::size_t> routes;    ///< that end here
    };

    void add(std::size_t route, std::string_view pattern);
    struct Path;
    [[nodiscard]] bool find(const Path& path, std::size_t node, std::string_view rest,
        std::size_t depth, RouteMatch& match, std::size_t& end) const;

    std::span<const RouteInfo> routes_;
    std::vector<Node> nodes_;
};

}  // namespace baton::api::rest
