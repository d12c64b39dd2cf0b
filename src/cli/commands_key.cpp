// API keys.
#include <ostream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "cli/commands.h"
#include "cli/output.h"
#include "client/operator_client.h"

namespace baton::cli {

namespace json = boost::json;

Result<void> execute(Context& context, const KeyCreateOptions& options) {
    client::OperatorClient keys(context.connection());
    BATON_TRY(const auto created,
        context.ask(keys.create_key(
            {.name = options.name, .role = options.role, .chat_mode = options.chat_mode})));
    if (context.options.json) {
        auto object = to_json(created.key);
        object["key"] = created.text.reveal();
        print_json(context, object);
    } else {
        context.terminal.out << created.text.reveal() << '\n';
        context.note("key " + created.key.id.text + " (" + created.key.role +
                     "): keep it now, it is not shown again");
    }
    return {};
}

Result<void> execute(Context& context, const KeyListOptions&) {
    client::OperatorClient client(context.connection());
    BATON_TRY(const auto keys, context.ask(client.list_keys()));
    if (context.options.json) {
        json::array list;
        for (const auto& key : keys) list.push_back(to_json(key));
        print_json(context, json::object{{"keys", std::move(list)}});
        return {};
    }
    Table table({"ID", "NAME", "ROLE", "CHATS", "CREATED", "REVOKED"});
    for (const auto& key : keys) {
        table.add({key.id.text, key.name, key.role, key.chat_mode, show_time(key.created_at),
            show_time(key.revoked_at)});
    }
    table.print(context.terminal.out, context.out_colours());
    return {};
}

Result<void> execute(Context& context, const KeyRevokeOptions& options) {
    client::OperatorClient keys(context.connection());
    BATON_TRY_VOID(context.ask(keys.revoke_key(options.id)));
    if (context.options.json) {
        print_json(context, json::object{{"revoked", options.id.text}});
    } else {
        context.terminal.out << options.id.text << ": revoked\n";
    }
    return {};
}

}  // namespace baton::cli
