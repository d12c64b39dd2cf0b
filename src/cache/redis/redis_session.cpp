#include "cache/redis/redis_session.h"

#include <chrono>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <string>
#include <sys/time.h>
#include <vector>

#include <fmt/core.h>

namespace baton::cache {
namespace {

timeval as_timeval(Duration duration) noexcept {
    return {.tv_sec = duration.count() / 1'000, .tv_usec = (duration.count() % 1'000) * 1'000};
}

/// "WRONGPASS invalid username-password pair": the first word is the kind.
Errc errc_of(std::string_view said) noexcept {
    const auto kind = said.substr(0, said.find(' '));
    for (const std::string_view busy :
        {"LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF"}) {
        if (kind == busy) return Errc::unavailable;
    }
    if (kind == "NOAUTH" || kind == "WRONGPASS" || kind == "NOPERM" ||
        said.contains("invalid password")) {
        return Errc::permission_denied;
    }
    return kind == "OOM" ? Errc::storage_full : Errc::internal;
}

/// These answers hold for a while; with these a connection is of no use for writes.
bool is_of_the_server(std::string_view said) noexcept { return said.starts_with("READONLY"); }

}  // namespace

void ContextCloser::operator()(redisContext* context) const noexcept { redisFree(context); }
void ReplyCloser::operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }

Result<Reply> RedisSession::ask(std::initializer_list<std::string_view> words) {
    BATON_TRY_VOID(open());
    return send(words);
}

/// An idle server says nothing; what can be read is the end of the stream.
bool RedisSession::is_open() const noexcept {
    if (!context_) return false;
    pollfd waiting{context_->fd, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 0;
}

Result<void> RedisSession::open() {
    if (is_open()) return {};
    context_.reset();
    const auto try_max = config_.connect_timeout + 3 * config_.command_timeout;
    if (const auto pause = gate_.closed_for(std::chrono::steady_clock::now(), try_max)) {
        return fail({.code = Errc::unavailable,
            .detail = "redis: the server is away",
            .retry_after = *pause});
    }
    auto connected = connect();
    if (connected) {
        gate_.succeeded();
        return {};
    }
    context_.reset();
    auto error = std::move(connected).error();
    const auto pause = gate_.failed(std::chrono::steady_clock::now());
    if (error.code == Errc::unavailable) error.retry_after = pause;
    return fail(std::move(error));
}

Result<void> RedisSession::connect() {
    context_.reset(redisConnectWithTimeout(
        config_.host.c_str(), config_.port, as_timeval(config_.connect_timeout)));
    if (!context_) return fail(Errc::internal, "redis: out of memory");
    if (context_->err != 0) {
        return fail(Errc::unavailable,
            fmt::format("redis: {}:{}: {}", config_.host, config_.port, context_->errstr));
    }
    redisSetTimeout(context_.get(), as_timeval(config_.command_timeout));
    redisEnableKeepAlive(context_.get());
    if (!config_.password.empty()) {
        const auto password = config_.password.reveal();
        auto let_in = config_.user.empty() ? send({"AUTH", password})
                                           : send({"AUTH", config_.user, password});
        if (!let_in) return fail(std::move(let_in).error());
    }
    const auto number = std::to_string(config_.database);
    BATON_TRY_VOID(send({"SELECT", number}));  // also sees whether a password is wanted
    return {};
}

Result<Reply> RedisSession::send(std::initializer_list<std::string_view> words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const auto word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    Reply reply(static_cast<redisReply*>(redisCommandArgv(
        context_.get(), static_cast<int>(texts.size()), texts.data(), sizes.data())));
    if (!reply) {
        auto detail = fmt::format("redis: {}", context_->errstr);
        context_.reset();  // what comes late must not be taken for the next answer
        return fail(
            {.code = Errc::unavailable, .detail = std::move(detail), .retry_after = Duration(100)});
    }
    if (reply->type != REDIS_REPLY_ERROR) return reply;
    const std::string said(reply->str, static_cast<std::size_t>(reply->len));
    if (is_of_the_server(said)) context_.reset();
    return fail(errc_of(said), "redis: " + said);
}

}  // namespace baton::cache
