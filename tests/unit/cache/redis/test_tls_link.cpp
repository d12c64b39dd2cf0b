// TLS over one socket: what is noise of TLS itself, and what is not.
#include <functional>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "cache/redis/tls_context.h"
#include "cache/redis/tls_link.h"
#include "support/certificates.h"

namespace baton::cache {
namespace {

/// A server on the other end of a socket, in this process: it is known what it has sent.
class TlsLinkTest : public ::testing::Test {
protected:
    TlsLinkTest() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0);
        const auto files = authority_.issue("server");
        SSL_CTX_use_certificate_chain_file(context_.get(), files.cert.c_str());
        SSL_CTX_use_PrivateKey_file(context_.get(), files.key.c_str(), SSL_FILETYPE_PEM);
        server_.reset(SSL_new(context_.get()));
        SSL_set_fd(server_.get(), ends_[1]);
    }
    ~TlsLinkTest() override {
        ::close(ends_[0]);
        hang_up();
    }
    /// On return the server is done with it, and has sent tickets for other sessions.
    std::unique_ptr<TlsLink> shake_hands() {
        std::jthread accepting([this] { EXPECT_EQ(SSL_accept(server_.get()), 1); });
        const auto own =
            make_tls_context({.enabled = true, .ca_file = authority_.ca_file().string()});
        return TlsLink::shake_hands(**own, ends_[0], "localhost", soon()).value();
    }
    void say(std::string_view words) {
        EXPECT_GT(SSL_write(server_.get(), words.data(), static_cast<int>(words.size())), 0);
    }
    void hang_up() {
        if (ends_[1] >= 0) ::close(ends_[1]);
        ends_[1] = -1;
    }
    static SteadyTime soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(10); }

    test::CertificateAuthority authority_;
    std::array<int, 2> ends_{-1, -1};
    TlsContext context_{SSL_CTX_new(TLS_server_method())};
    std::unique_ptr<ssl_st, TlsStateCloser> server_;
};

TEST_F(TlsLinkTest, is_idle_when_only_tickets_wait) {
    const auto link = shake_hands();
    char byte = 0;
    ASSERT_EQ(::recv(ends_[0], &byte, 1, MSG_PEEK | MSG_DONTWAIT), 1) << "they are there";
    EXPECT_TRUE(link->is_idle());
    EXPECT_TRUE(link->is_idle());
    say("PONG");
    EXPECT_EQ(link->read(soon()).value(), "PONG");
    EXPECT_TRUE(link->is_idle());
}

TEST_F(TlsLinkTest, is_not_idle_when_words_wait_or_nobody_is_there) {
    const auto link = shake_hands();
    say("late");
    EXPECT_FALSE(link->is_idle());
    EXPECT_EQ(link->read(soon()).value(), "late");
    EXPECT_TRUE(link->is_idle());
    hang_up();
    EXPECT_FALSE(link->is_idle());
    EXPECT_TRUE(link->write("PING", soon())) << "the reason is the business of the read";
    EXPECT_EQ(link->read(soon()).error().detail, "the server has hung up");
}

TEST_F(TlsLinkTest, waits_no_longer_than_it_may) {
    const auto link = shake_hands();
    const auto now = std::chrono::steady_clock::now();
    EXPECT_EQ(link->read(now).error().code, Errc::unavailable);
    const std::string more_than_a_socket_takes(8'388'608, 'x');
    EXPECT_EQ(link->write(more_than_a_socket_takes, now).error().detail, "no answer in time");
}

TEST_F(TlsLinkTest, listens_no_longer_than_it_may_to_a_server_that_goes_on_talking) {
    const auto link = shake_hands();
    const auto now = std::chrono::steady_clock::now();
    say("late");
    const auto read = link->read(now);
    ASSERT_FALSE(read) << "whatever is there";
    EXPECT_EQ(read.error().detail, "no answer in time");
}

TEST_F(TlsLinkTest, is_not_idle_while_tickets_come_without_end) {
    const auto link = shake_hands();
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(SSL_new_session_ticket(server_.get()), 1);
        ASSERT_EQ(SSL_do_handshake(server_.get()), 1);  // sends it
    }
    EXPECT_FALSE(link->is_idle());
}

}  // namespace
}  // namespace baton::cache
