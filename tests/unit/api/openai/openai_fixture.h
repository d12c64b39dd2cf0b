// The door over real services and the real engine in memory; a pool and a worker that do what the
// test says.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "api/openai/openai_api.h"
#include "api/rest/rest_api.h"
#include "dispatch/intake.h"
#include "dispatch/work_item.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {

/// Serves the models "m" and "owner/m"; answers "hello there" in two pieces, or fails with `error`.
class ScriptedPool final : public llm::Pool {
public:
    std::optional<Error> error{};
    std::vector<ChatDelta> pieces{{.text = "hello "}, {.text = "there"}};
    bool fail_behind_pieces = false;
    std::vector<ChatRequest> requests{};
    llm::Rooms left{};                               ///< for who asked for rooms
    mutable std::vector<std::string> asked_rooms{};  ///< "tenant model"

    static ChatResult result() {
        return {.content = "hello there",
            .model = "m-1",
            .finish_reason = "stop",
            .usage = {.input_tokens = 3, .output_tokens = 2}};
    }
    Task<Result<ChatResult>> chat(
        llm::Asker, ChatRequest request, llm::ChatSink sink, Deadline) override {
        requests.push_back(std::move(request));
        if (error && !fail_behind_pieces) co_return fail(*error);
        for (const auto& piece : pieces) {
            if (sink) sink(piece);
        }
        if (error) co_return fail(*error);
        co_return result();
    }
    Task<Result<EmbeddingResult>> embed(llm::Asker, EmbeddingRequest request, Deadline) override {
        EmbeddingResult answer{.model = "m-1", .input_tokens = 4};
        for (const auto& text : request.input) {
            answer.vectors.push_back({static_cast<float>(text.size()), 0.5F});
        }
        co_return answer;
    }
    std::vector<std::string> models() const override { return {"m"}; }
    bool serves(std::string_view model) const override {
        return model == "m" || model == "owner/m";
    }
    TimePoint ready_at(std::string_view) const override { return {}; }
    llm::Rooms rooms(const llm::Asker& asker, std::string_view model) const override {
        asked_rooms.push_back(asker.tenant.text + " " + std::string(model));
        return left;
    }
    Duration expected_time(std::string_view) const override { return {}; }
    std::vector<llm::EndpointStatus> status() const override { return {}; }
    Result<void> set_weight(std::string_view, std::uint32_t) override { return {}; }
};

/// Keeps what a handler streams.
class KeptBody final : public net::BodyStream {
public:
    std::string text{};
    std::optional<net::Response> instead{};
    std::size_t pieces_max = 1'000'000;  ///< then the client is gone

    Task<bool> write(std::string piece) override {
        if (pieces_max == 0) co_return false;
        --pieces_max;
        text += piece;
        co_return true;
    }
    Task<bool> answer_instead(net::Response response) override {
        if (!text.empty() || instead) co_return false;
        instead = std::move(response);
        co_return true;
    }
    bool stopping() const override { return false; }
};

class OpenAiFixture : public RestFixture {
protected:
    OpenAiFixture() { open_door({}, {api::openai::make_openai_door(chats, {})}); }

    using Ending = std::function<dispatch::QueueReply(const dispatch::ChatWork&)>;

    /// Does the next chat of the queue: says `pieces`, then ends with `reply`.
    Task<void> work(std::vector<ChatDelta> pieces, dispatch::QueueReply reply) {
        Ending ending = [reply](const dispatch::ChatWork&) { return reply; };
        return work_to(std::move(pieces), std::move(ending));
    }
    /// The same, with an answer that keeps what the order says.
    Task<void> answer(std::vector<ChatDelta> pieces, ChatResult result) {
        Ending ending = [result](const dispatch::ChatWork& work) {
            return dispatch::to_queue_reply(result, work);
        };
        return work_to(std::move(pieces), std::move(ending));
    }
    Task<void> work_to(std::vector<ChatDelta> pieces, Ending ending) {
        queue::PopRequest request;
        request.queue = QueueName("llm");
        request.wait = Deadline::after(std::chrono::seconds(10));
        const auto popped = co_await queues->pop(std::move(request));
        if (!popped || popped->empty()) throw std::runtime_error("nothing to do");
        const Receipt receipt = popped->front().receipt;
        const auto item = dispatch::parse_work_item(popped->front().message);
        done_work = std::get<dispatch::ChatWork>(item.value());
        const dispatch::QueueReply reply = ending(done_work);
        for (const auto& piece : pieces) {
            std::vector<Bytes> events{dispatch::to_output_event({&piece, 1})};
            const auto said = co_await queues->append_output(receipt, std::move(events));
            EXPECT_TRUE(said.has_value());
        }
        const auto replied = co_await queues->reply(receipt.message, reply.result, reply.metadata);
        EXPECT_TRUE(replied.has_value());
        const auto acked = co_await queues->ack(receipt);
        EXPECT_TRUE(acked.has_value());
    }
    Task<void> work_well() {
        return answer({{.text = "hello "}, {.text = "there"}}, ScriptedPool::result());
    }

    /// Sends a request while `beside` runs.
    net::Response call_beside(std::string_view target, std::string body, FieldMap fields,
        std::function<Task<void>()> beside) {
        using asio::experimental::awaitable_operators::operator&&;
        net::Request request;
        request.method = net::Method::post;
        request.target = target;
        request.body = std::move(body);
        EXPECT_TRUE(net::parse_target(target, request));
        fields.emplace("Host", "localhost:8080");
        fields.emplace("Authorization", "Bearer member-key");
        for (const auto& [name, value] : fields) request.fields.set(name, value);
        const auto both = [&]() -> Task<net::Response> {
            auto response = co_await (handler(std::move(request)) && beside());
            co_return response;
        };
        return io.run(both());
    }
    /// What a streamed answer says.
    std::string streamed(const net::Response& response) {
        KeptBody body;
        if (!response.stream) return "(not streamed: " + response.body + ")";
        io.run(response.stream(body));
        return body.text;
    }

    /// The JSON of each `data:` line, comments and `[DONE]` left out.
    static std::vector<boost::json::value> events_of(std::string_view text) {
        std::vector<boost::json::value> events;
        while (!text.empty()) {
            const auto end = text.find('\n');
            const auto line = text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            if (!line.starts_with("data: ") || line == "data: [DONE]") continue;
            events.push_back(boost::json::parse(line.substr(6)));
        }
        return events;
    }
    static std::string text_of(const std::vector<boost::json::value>& chunks) {
        std::string text;
        for (const auto& chunk : chunks) {
            for (const auto& choice : chunk.at("choices").as_array()) {
                const auto& delta = choice.at("delta").as_object();
                if (const auto* content = delta.if_contains("content"))
                    text += content->as_string();
            }
        }
        return text;
    }

    dispatch::ChatWork done_work{};  ///< the last one
    ScriptedPool pool;
    dispatch::Intake intake{*queues, &pool, clock, {}, 4};
    service::ChatService chats{*queues, intake, pool, clock, {&rows, clock, {}}};
};

}  // namespace baton::test
