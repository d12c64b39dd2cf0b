#include "cache/redis/redis_session.h"

#include <chrono>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <string>
#include <sys/time.h>
#include <vector>

#include <fmt/core.h>

#include "cache/redis/tls_context.h"

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

/// An idle server says nothing; what can be read is the end of the stream. Over TLS it may be a
/// message of TLS itself.
bool RedisSession::is_open() noexcept {
    if (!context_) return false;
    pollfd waiting{context_->fd, POLLIN, 0};
    if (::poll(&waiting, 1, 0) == 0) return true;
    return link_ && link_->is_idle();
}

void RedisSession::close() noexcept {
    link_.reset();
    context_.reset();
}

Result<void> RedisSession::open() {
    if (is_open()) return {};
    close();
    const auto hands = config_.tls.enabled ? config_.connect_timeout : Duration(0);
    const auto try_max = config_.connect_timeout + hands + 3 * config_.command_timeout;
    if (auto known = server_.closed(std::chrono::steady_clock::now(), try_max)) {
        return fail(*std::move(known));
    }
    auto connected = connect();
    if (connected) {
        server_.succeeded();
        return {};
    }
    close();
    return fail(server_.failed(std::move(connected).error(), std::chrono::steady_clock::now()));
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
    if (config_.tls.enabled) {
        BATON_TRY_VOID(shake_hands());
    }
    return log_in();
}

Result<void> RedisSession::shake_hands() {
    auto context = make_tls_context(config_.tls);
    if (!context) {  // it was good at the start, and is of no use until somebody acts
        return fail(Errc::permission_denied, std::move(context).error().detail);
    }
    const auto& name = config_.tls.server_name;
    auto link = TlsLink::shake_hands(**context, context_->fd, name.empty() ? config_.host : name,
        std::chrono::steady_clock::now() + config_.connect_timeout);
    if (!link) {
        return fail(with_context(
            std::move(link).error(), fmt::format("redis: {}:{}", config_.host, config_.port)));
    }
    link_ = *std::move(link);
    return {};
}

Result<void> RedisSession::log_in() {
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
    auto reply = exchange(words);
    if (!reply) {
        close();  // what comes late must not be taken for the next answer
        auto error = with_context(std::move(reply).error(), "redis");
        if (error.code == Errc::unavailable) error.retry_after = Duration(100);
        return fail(std::move(error));
    }
    if ((*reply)->type != REDIS_REPLY_ERROR) return reply;
    const std::string said((*reply)->str, static_cast<std::size_t>((*reply)->len));
    if (is_of_the_server(said)) close();
    return fail(errc_of(said), "redis: " + said);
}

Result<Reply> RedisSession::exchange(std::initializer_list<std::string_view> words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    for (const auto word : words) {
        texts.push_back(word.data());
        sizes.push_back(word.size());
    }
    const auto count = static_cast<int>(texts.size());
    if (!link_) {
        Reply reply(static_cast<redisReply*>(
            redisCommandArgv(context_.get(), count, texts.data(), sizes.data())));
        if (!reply) return fail(Errc::unavailable, context_->errstr);
        return reply;
    }
    char* command = nullptr;
    const int size = redisFormatCommandArgv(&command, count, texts.data(), sizes.data());
    if (size < 0) return fail(Errc::internal, "out of memory");
    auto reply = exchange_over_tls({command, static_cast<std::size_t>(size)});
    redisFreeCommand(command);
    return reply;
}

Result<Reply> RedisSession::exchange_over_tls(std::string_view command) {
    const auto deadline = std::chrono::steady_clock::now() + config_.command_timeout;
    BATON_TRY_VOID(link_->write(command, deadline));
    while (true) {
        void* reply = nullptr;
        if (redisReaderGetReply(context_->reader, &reply) != REDIS_OK) {
            return fail(Errc::unavailable, context_->reader->errstr);
        }
        if (reply != nullptr) return Reply(static_cast<redisReply*>(reply));
        BATON_TRY(const auto bytes, link_->read(deadline));
        redisReaderFeed(context_->reader, bytes.data(), bytes.size());
    }
}

}  // namespace baton::cache
