// What the server that imitates providers answers: to our providers (provider_contract_test) and to
// the providers' own clients (provider_clients_test), so that both judge the same answers.
#pragma once

#include <string_view>

namespace baton::test {

inline constexpr std::string_view provider_fixtures = R"({"fixtures": [
    {"match": {"userMessage": "hello"},
     "response": {"content": "Hello! How can I help you today, dear test?",
                  "usage": {"prompt_tokens": 12, "completion_tokens": 11}}},
    {"match": {"userMessage": "unicode"}, "chunkSize": 1,
     "response": {"content": "Grüße, 世界 🌍"}},
    {"match": {"userMessage": "think"}, "chunkSize": 4,
     "response": {"content": "42", "reasoning": "Six by nine, in base thirteen."}},
    {"match": {"userMessage": "too long"},
     "response": {"content": "cut by the limit", "finishReason": "length"}},
    {"match": {"userMessage": "weather", "hasToolResult": true},
     "response": {"content": "It is sunny in Rome."}},
    {"match": {"userMessage": "weather"}, "chunkSize": 4,
     "response": {"toolCalls": [{"name": "get_weather", "arguments": "{\"city\":\"Rome\",\"days\":3}"}]}},
    {"match": {"userMessage": "both"}, "chunkSize": 4,
     "response": {"content": "Let me see.", "toolCalls": [
        {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"},
        {"name": "get_time", "arguments": "{\"city\":\"Oslo\"}"}]}},
    {"match": {"userMessage": "no arguments"},
     "response": {"toolCalls": [{"name": "get_time", "arguments": "{}"}]}},
    {"match": {"userMessage": "boom"},
     "response": {"error": {"message": "it broke", "type": "server_error"}, "status": 500}},
    {"match": {"userMessage": "overloaded"},
     "response": {"error": {"message": "Overloaded", "type": "overloaded_error"}, "status": 529}},
    {"match": {"userMessage": "loading"},
     "response": {"error": {"message": "Loading model"}, "status": 503}},
    {"match": {"userMessage": "too much"},
     "response": {"error": {"message": "Rate limit reached"}, "status": 429, "retryAfter": 7}},
    {"match": {"userMessage": "bad"},
     "response": {"error": {"message": "context too long"}, "status": 400}},
    {"match": {"userMessage": "forbidden"},
     "response": {"error": {"message": "not yours"}, "status": 403}},
    {"match": {"userMessage": "cut"}, "latency": 10, "chunkSize": 5, "truncateAfterChunks": 7,
     "response": {"content": "This answer is cut off after a few chunks, long before its last."}},
    {"match": {"userMessage": "slow"}, "latency": 150, "chunkSize": 3,
     "response": {"content": "This answer takes its time, more than the one who asked can wait."}},
    {"match": {"userMessage": "malformed"}, "chaos": {"malformedRate": 1},
     "response": {"content": "never seen"}},
    {"match": {"userMessage": "gone"}, "chaos": {"disconnectRate": 1},
     "response": {"content": "never seen"}}
]})";

}  // namespace baton::test
