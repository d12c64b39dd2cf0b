// Ollama's own client against the server that imitates Ollama for our provider's contract:
// `node golden.mjs http://host:port`. The fixtures are tests/integration/provider_fixtures.h. Prints
// "ok"; anything unexpected ends it with an error.
import assert from "node:assert/strict";
import { Ollama } from "ollama";

const [url] = process.argv.slice(2);
setTimeout(() => {
    console.error("nothing comes any more");
    process.exit(1);
}, 60_000).unref();

const client = new Ollama({ host: url });
const tools = ["get_weather", "get_time"].map((name) => ({
    type: "function",
    function: {
        name,
        description: name,
        parameters: { type: "object", properties: { city: { type: "string" } } },
    },
}));
const ask = (content, more = {}) => ({
    model: "a-model",
    messages: [
        { role: "system", content: "You are a test." },
        { role: "user", content },
    ],
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

/** The pieces of a streamed answer. */
async function pieces(question, more = {}) {
    const all = [];
    for await (const piece of await client.chat(ask(question, { stream: true, ...more }))) {
        all.push(piece);
    }
    return all;
}

async function chat() {
    const whole = await client.chat(ask("hello"));
    assert.equal(whole.model, "a-model");
    assert.equal(whole.message.role, "assistant");
    assert.equal(whole.message.content, "Hello! How can I help you today, dear test?");
    assert.equal(whole.done, true);
    assert.equal(whole.done_reason, "stop");
}

async function stream() {
    for (const [question, answer] of [
        ["hello", "Hello! How can I help you today, dear test?"],
        ["unicode", "Grüße, 世界 🌍"],
    ]) {
        const all = await pieces(question);
        assert.ok(all.length > 2);
        assert.equal(all.map((piece) => piece.message.content).join(""), answer);
        assert.deepEqual(
            all.map((piece) => piece.done),
            all.map((_, i) => i === all.length - 1),
        );
        assert.equal(all.at(-1).done_reason, "stop");
    }
}

async function toolCalls() {
    const whole = await client.chat(ask("weather", { tools }));
    for (const message of [whole.message, ...(await pieces("weather", { tools })).map((p) => p.message)]) {
        for (const call of message.tool_calls ?? []) {
            assert.equal(call.function.name, "get_weather");
            assert.deepEqual(call.function.arguments, { city: "Rome", days: 3 });
        }
    }
    assert.equal(whole.message.tool_calls.length, 1);
    const after = await client.chat({
        model: "a-model",
        tools,
        messages: [
            { role: "user", content: "weather" },
            whole.message,
            { role: "tool", tool_name: "get_weather", content: "sunny" },
        ],
    });
    assert.equal(after.message.content, "It is sunny in Rome.");

    const both = await pieces("both", { tools });
    assert.equal(both.map((piece) => piece.message.content).join(""), "Let me see.");
    const calls = both.flatMap((piece) => piece.message.tool_calls ?? []);
    assert.deepEqual(
        calls.map((call) => call.function),
        [
            { name: "get_weather", arguments: { city: "Rome" } },
            { name: "get_time", arguments: { city: "Oslo" } },
        ],
    );
}

async function errors() {
    for (const [question, status] of [
        ["bad", 400],
        ["forbidden", 403],
        ["too much", 429],
        ["boom", 500],
        ["loading", 503],
    ]) {
        for (const call of [() => client.chat(ask(question)), () => pieces(question)]) {
            const error = await failure(call);
            assert.equal(error.name, "ResponseError", `${question}: ${error}`);
            assert.equal(error.status_code, status);
            // Ollama says `{"error": "words"}`; this server an object, which the client cannot show.
            assert.ok(error.error, `${question}: no words`);
        }
    }
}

async function models() {
    const { models } = await client.list();
    assert.ok(models.length > 0 && models.every((model) => model.name));
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
