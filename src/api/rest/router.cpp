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
Split split(std::string_view path) noexcept {
    path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return {.segment = path, .rest = {}};
    return {.segment = path.substr(0, slash), .rest = path.substr(slash)};
}

}  // namespace

Router::Router(std::span<const RouteInfo> routes) : routes_(routes), nodes_(1) {
    for (std::size_t i = 0; i < routes.size(); ++i) add(i, routes[i].pattern);
}

void Router::add(std::size_t route, std::string_view pattern) {
    std::size_t node = 0;
    while (!pattern.empty()) {
        const auto [segment, rest] = split(pattern);
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

bool Router::find(std::size_t node, std::string_view rest, std::size_t depth, RouteMatch& match,
    std::size_t& end) const {
    if (rest.empty()) {
        end = node;
        return !nodes_[node].routes.empty();
    }
    const auto [segment, after] = split(rest);
    for (const std::size_t child : nodes_[node].children) {
        if (nodes_[child].literal == segment && find(child, after, depth, match, end)) return true;
    }
    const std::size_t param = nodes_[node].param_child;
    if (param == 0 || segment.empty() || depth == RouteMatch::params_max) return false;
    match.params[depth] = segment;
    return find(param, after, depth + 1, match, end);
}

std::expected<RouteMatch, RouteMiss> Router::match(
    net::Method method, std::string_view path) const {
    RouteMatch match;
    std::size_t end = 0;
    if (!path.starts_with('/') || !find(0, path, 0, match, end))
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
