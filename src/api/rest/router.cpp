#include "api/rest/router.h"

#include <algorithm>
#include <cstdlib>

namespace baton::api::rest {
namespace {

bool is_param(std::string_view segment) noexcept {
    return segment.starts_with('{') && segment.ends_with('}');
}

/// The segment at the front of "/a/b/c", and what follows it ("/b/c").
struct Split {
    std::string_view segment;
    std::string_view rest;
};

}  // namespace

/// A path, and which of its slashes, in their order, are no ends of segments.
struct Router::Path {
    std::string_view text;
    std::span<const std::size_t> inner_slashes;

    /// `rest`: an end of `text`, from a slash on.
    [[nodiscard]] Split split(std::string_view rest) const noexcept {
        rest.remove_prefix(1);
        const auto is_inner = [&](std::size_t slash) {
            const auto place = static_cast<std::size_t>(rest.data() - text.data()) + slash;
            return std::ranges::binary_search(inner_slashes, place);
        };
        std::size_t slash = rest.find('/');
        while (slash != std::string_view::npos && is_inner(slash))
            slash = rest.find('/', slash + 1);
        if (slash == std::string_view::npos) return {.segment = rest, .rest = {}};
        return {.segment = rest.substr(0, slash), .rest = rest.substr(slash)};
    }
};

std::vector<std::size_t> inner_slashes_of(std::string_view target) {
    std::vector<std::size_t> places;
    const std::string_view raw = target.substr(0, target.find('?'));
    if (raw.find("%2F") == std::string_view::npos && raw.find("%2f") == std::string_view::npos) {
        return places;
    }
    // An absolute target ("http://host/path") has its path behind the origin.
    const std::size_t origin = raw.starts_with('/') ? 0 : raw.find("://");
    std::size_t at = origin == 0 ? 0 : raw.find('/', origin + 3);
    for (std::size_t place = 0; at < raw.size(); ++place) {
        const bool is_escape = raw[at] == '%';
        const auto escape = raw.substr(at, 3);
        if (escape == "%2F" || escape == "%2f") places.push_back(place);
        at += is_escape ? 3 : 1;
    }
    return places;
}

Router::Router(std::span<const RouteInfo> routes) : routes_(routes), nodes_(1) {
    for (std::size_t i = 0; i < routes.size(); ++i) add(i, routes[i].pattern);
}

void Router::add(std::size_t route, std::string_view pattern) {
    std::size_t node = 0;
    const Path whole{.text = pattern, .inner_slashes = {}};
    while (!pattern.empty()) {
        const auto [segment, rest] = whole.split(pattern);
        std::size_t next = 0;
        if (is_param(segment)) {
            next = nodes_[node].param_child;
        } else {
            for (const std::size_t child : nodes_[node].children) {
                if (nodes_[child].literal == segment) next = child;
            }
        }
        if (next == 0) {
            next = nodes_.size();
            nodes_.emplace_back();
            if (is_param(segment)) {
                nodes_[node].param_child = next;
            } else {
                nodes_[next].literal = segment;
                nodes_[node].children.push_back(next);
            }
        }
        node = next;
        pattern = rest;
    }
    for (const std::size_t other : nodes_[node].routes) {
        if (routes_[other].method == routes_[route].method) std::abort();  // the table is at fault
    }
    nodes_[node].routes.push_back(route);
}

bool Router::find(const Path& path, std::size_t node, std::string_view rest, std::size_t depth,
    RouteMatch& match, std::size_t& end) const {
    if (rest.empty()) {
        end = node;
        return !nodes_[node].routes.empty();
    }
    const auto [segment, after] = path.split(rest);
    for (const std::size_t child : nodes_[node].children) {
        if (nodes_[child].literal == segment && find(path, child, after, depth, match, end))
            return true;
    }
    const std::size_t param = nodes_[node].param_child;
    if (param == 0 || segment.empty() || depth == RouteMatch::params_max) return false;
    match.params[depth] = segment;
    return find(path, param, after, depth + 1, match, end);
}

std::expected<RouteMatch, RouteMiss> Router::match(
    net::Method method, std::string_view path, std::span<const std::size_t> inner_slashes) const {
    RouteMatch match;
    std::size_t end = 0;
    const Path whole{.text = path, .inner_slashes = inner_slashes};
    if (!path.starts_with('/') || !find(whole, 0, path, 0, match, end))
        return std::unexpected(RouteMiss{});
    RouteMiss miss;
    for (const std::size_t route : nodes_[end].routes) {
        const net::Method takes = routes_[route].method;
        if (takes == method || (method == net::Method::head && takes == net::Method::get)) {
            match.route = route;
            return match;
        }
        miss.allowed.push_back(takes);
        if (takes == net::Method::get) miss.allowed.push_back(net::Method::head);
    }
    return std::unexpected(std::move(miss));
}

}  // namespace baton::api::rest
