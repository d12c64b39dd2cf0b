// Anthropic's own client against the server that imitates Anthropic for our provider's contract:
// `node golden.mjs http://host:port`. The fixtures are tests/integration/provider_fixtures.h. Prints
// "ok"; anything unexpected ends it with an error.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";

const [url] = process.argv.slice(2);
setTimeout(() => {
    console.error("nothing comes any more");
    process.exit(1);
}, 60_000).unref();

const client = new Anthropic({ apiKey: "sk-test", baseURL: url, maxRetries: 0 });
const tools = ["get_weather", "get_time"].map((name) => ({
    name,
    input_schema: { type: "object", properties: { city: { type: "string" } } },
}));
const ask = (content, more = {}) => ({
    model: "a-model",
    max_tokens: 100,
    system: "You are a test.",
    messages: [{ role: "user", content }],
    ...more,
});

/** The error that `call` ends with. */
async function failure(call) {
    try {
        await call();
    } catch (error) {
        return error;
    }
    assert.fail("it did not fail");
}

async function chat() {
    const whole = await client.messages.create(ask("hello"));
    assert.equal(whole.type, "message");
    assert.equal(whole.role, "assistant");
    assert.equal(whole.model, "a-model");
    assert.equal(whole.stop_reason, "end_turn");
    assert.deepEqual(whole.content.map((block) => block.type), ["text"]);
    assert.equal(whole.content[0].text, "Hello! How can I help you today, dear test?");
    assert.equal(whole.usage.input_tokens, 12);
    assert.equal(whole.usage.output_tokens, 11);

    const cut = await client.messages.create(ask("too long"));
    assert.equal(cut.stop_reason, "max_tokens");
    const thought = await client.messages.create(ask("think"));
    assert.deepEqual(thought.content.map((block) => block.type), ["thinking", "text"]);
}

async function stream() {
    const events = [];
    for await (const event of await client.messages.create(ask("hello", { stream: true }))) {
        events.push(event);
    }
    const types = events.map((event) => event.type);
    assert.equal(types[0], "message_start");
    assert.deepEqual(types.slice(-3), ["content_block_stop", "message_delta", "message_stop"]);
    const text = events.map((event) => event.delta?.text ?? "").join("");
    assert.equal(text, "Hello! How can I help you today, dear test?");

    // The client's own accumulator makes one message of the pieces.
    for (const [question, answer] of [
        ["hello", "Hello! How can I help you today, dear test?"],
        ["unicode", "Grüße, 世界 🌍"],
        ["think", "42"],
    ]) {
        const message = await client.messages.stream(ask(question)).finalMessage();
        assert.equal(message.content.at(-1).text, answer);
        assert.equal(message.stop_reason, "end_turn");
    }
    const usage = (await client.messages.stream(ask("hello")).finalMessage()).usage;
    assert.equal(usage.output_tokens, 11);
    const thought = await client.messages.stream(ask("think")).finalMessage();
    assert.equal(thought.content[0].thinking, "Six by nine, in base thirteen.");
}

async function toolCalls() {
    for (const run of [
        () => client.messages.create(ask("weather", { tools })),
        () => client.messages.stream(ask("weather", { tools })).finalMessage(),
    ]) {
        const message = await run();
        assert.equal(message.stop_reason, "tool_use");
        const call = message.content.find((block) => block.type === "tool_use");
        assert.equal(call.name, "get_weather");
        assert.deepEqual(call.input, { city: "Rome", days: 3 });
        assert.ok(call.id);
        const after = await client.messages.create(
            ask("weather", {
                tools,
                messages: [
                    { role: "user", content: "weather" },
                    { role: "assistant", content: message.content },
                    {
                        role: "user",
                        content: [{ type: "tool_result", tool_use_id: call.id, content: "sunny" }],
                    },
                ],
            }),
        );
        assert.equal(after.content[0].text, "It is sunny in Rome.");
    }
    const both = await client.messages.stream(ask("both", { tools })).finalMessage();
    assert.deepEqual(both.content.map((block) => block.type), ["text", "tool_use", "tool_use"]);
    assert.deepEqual(both.content[2].input, { city: "Oslo" });
}

async function errors() {
    for (const [question, kind, status] of [
        ["bad", Anthropic.BadRequestError, 400],
        ["forbidden", Anthropic.PermissionDeniedError, 403],
        ["too much", Anthropic.RateLimitError, 429],
        ["boom", Anthropic.InternalServerError, 500],
        ["overloaded", Anthropic.InternalServerError, 529],
    ]) {
        for (const stream of [false, true]) {
            const error = await failure(() => client.messages.create(ask(question, { stream })));
            assert.ok(error instanceof kind, `${question}: ${error}`);
            assert.equal(error.status, status);
            assert.equal(error.error.type, "error");
            assert.ok(error.error.error.message);
        }
    }
    const limited = await failure(() => client.messages.create(ask("too much")));
    assert.equal(limited.headers.get("retry-after"), "7");
    const broken = await failure(() => client.messages.stream(ask("cut")).finalMessage());
    assert.ok(broken instanceof Anthropic.AnthropicError, String(broken));
}

async function models() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.length > 0);
}

for (const part of [chat, stream, toolCalls, errors, models]) {
    try {
        await part();
    } catch (error) {
        console.error(`in ${part.name}:`, error);
        process.exit(1);
    }
}
console.log("ok");
process.exit(0);
