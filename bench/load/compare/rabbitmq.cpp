// A RabbitMQ quorum queue (of one node) through rabbitmq-c: publisher confirms awaited per batch,
// consumers with prefetch that acknowledge a batch at once.
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <memory>
#include <set>
#include <string>
#include <sys/time.h>
#include <utility>

#include <fmt/format.h>

#include "system.h"

namespace baton::bench {
namespace {

constexpr const char* queue_name = "bench";
constexpr amqp_channel_t channel = 1;

class Link final {
public:
    explicit Link(const Target& target) : state_(amqp_new_connection()) {
        amqp_socket_t* socket = amqp_tcp_socket_new(state_);
        if (socket == nullptr || amqp_socket_open(socket, target.host.c_str(), target.port) != 0) {
            throw Fault("cannot connect to RabbitMQ");
        }
        must(amqp_login(state_, "/", 0, 131'072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"));
        amqp_channel_open(state_, channel);
        check();
    }
    ~Link() {
        amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
        amqp_destroy_connection(state_);
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    amqp_connection_state_t state() const { return state_; }
    /// Throws when the last call was refused.
    void check() { must(amqp_get_rpc_reply(state_)); }
    static void must_send(int status) {
        if (status != AMQP_STATUS_OK) throw Fault(amqp_error_string2(status));
    }

private:
    static void must(const amqp_rpc_reply_t& reply) {
        if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
        throw Fault(fmt::format("RabbitMQ refused: {}", amqp_error_string2(reply.library_error)));
    }

    amqp_connection_state_t state_;
};

class RabbitProducer final : public Producer {
public:
    explicit RabbitProducer(const Target& target) : link_(target) {
        amqp_confirm_select(link_.state(), channel);
        link_.check();
        properties_._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
        properties_.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    }

    void post(std::span<const std::string> bodies) override {
        for (const auto& body : bodies) {
            const amqp_bytes_t bytes{.len = body.size(), .bytes = const_cast<char*>(body.data())};
            Link::must_send(amqp_basic_publish(link_.state(), channel, amqp_empty_bytes,
                amqp_cstring_bytes(queue_name), 0, 0, &properties_, bytes));
            waiting_.insert(++last_tag_);
        }
        while (!waiting_.empty()) read_confirm();
        amqp_maybe_release_buffers(link_.state());
    }

private:
    void read_confirm() {
        amqp_frame_t frame;
        Link::must_send(amqp_simple_wait_frame(link_.state(), &frame));
        if (frame.frame_type != AMQP_FRAME_METHOD ||
            frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
            throw Fault("RabbitMQ did not confirm");
        }
        const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
        // Confirms may come out of order; `multiple` covers all up to the tag.
        if (ack->multiple != 0) {
            waiting_.erase(waiting_.begin(), waiting_.upper_bound(ack->delivery_tag));
        } else {
            waiting_.erase(ack->delivery_tag);
        }
    }

    Link link_;
    amqp_basic_properties_t properties_{};
    std::uint64_t last_tag_ = 0;
    std::set<std::uint64_t> waiting_;
};

class RabbitConsumer final : public Consumer {
public:
    RabbitConsumer(const Target& target, std::size_t batch) : link_(target) {
        amqp_basic_qos(link_.state(), channel, 0, static_cast<std::uint16_t>(2 * batch), 0);
        link_.check();
        amqp_basic_consume(link_.state(), channel, amqp_cstring_bytes(queue_name), amqp_empty_bytes,
            0, 0, 0, amqp_empty_table);
        link_.check();
    }

    std::size_t take(std::size_t max, const Sink& sink) override {
        std::size_t count = 0;
        std::uint64_t tag = 0;
        while (count < max) {
            timeval wait{.tv_sec = 0, .tv_usec = count == 0 ? 100'000 : 2'000};
            amqp_envelope_t envelope;
            amqp_maybe_release_buffers(link_.state());
            const auto reply = amqp_consume_message(link_.state(), &envelope, &wait, 0);
            if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
                if (reply.library_error == AMQP_STATUS_TIMEOUT) break;
                throw Fault("the consumer was cut off");
            }
            const auto& body = envelope.message.body;
            sink({static_cast<const char*>(body.bytes), body.len});
            tag = envelope.delivery_tag;
            amqp_destroy_envelope(&envelope);
            ++count;
        }
        if (count != 0) Link::must_send(amqp_basic_ack(link_.state(), channel, tag, 1));
        return count;
    }

private:
    Link link_;
};

class RabbitMq final : public System {
public:
    explicit RabbitMq(Target target) : target_(std::move(target)), link_(target_) {}

    void prepare() override { declare(false); }
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<RabbitProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t batch) override {
        return std::make_unique<RabbitConsumer>(target_, batch);
    }
    std::uint64_t held() override { return declare(true)->message_count; }

private:
    amqp_queue_declare_ok_t* declare(bool passive) {
        amqp_table_entry_t entry{};
        entry.key = amqp_cstring_bytes("x-queue-type");
        entry.value.kind = AMQP_FIELD_KIND_UTF8;
        entry.value.value.bytes = amqp_cstring_bytes("quorum");
        const amqp_table_t arguments{.num_entries = 1, .entries = &entry};
        auto* declared = amqp_queue_declare(link_.state(), channel, amqp_cstring_bytes(queue_name),
            passive ? 1 : 0, 1, 0, 0, arguments);
        link_.check();
        return declared;
    }

    Target target_;
    Link link_;
};

}  // namespace

std::unique_ptr<System> make_rabbitmq(Target target) {
    return std::make_unique<RabbitMq>(std::move(target));
}

}  // namespace baton::bench
