// Designs for a queue on a JetStream cluster, side by side: a replicated log of batches, a stream a
// queue, and bare publishes as the yardstick. bench/jetstream_designs.py starts the cluster and
// this. One JSON line a row. Usage:
//   jetstream_designs --servers URL,URL,URL --user NAME --password WORD [--messages N]
//                     [--producers N] [--only bare,log,reads,queue,one]
#include <cstdio>
#include <exception>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "designs.h"

namespace baton::bench {
namespace {

std::vector<std::string> words(const std::string& list) {
    std::istringstream text(list);
    std::vector<std::string> result;
    for (std::string word; std::getline(text, word, ',');) result.push_back(word);
    return result;
}

void main_of(int argc, char** argv) {
    std::map<std::string, std::string, std::less<>> options{
        {"--only", "bare,log,reads,queue"}, {"--messages", "200000"}, {"--producers", "64"}};
    for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    Plan plan;
    plan.urls = words(options["--servers"]);
    plan.user = options["--user"];
    plan.password = options["--password"];
    plan.messages = std::stoull(options["--messages"]);
    plan.producers = std::stoull(options["--producers"]);
    if (plan.urls.size() != 3) throw Fault("give the three --servers");
    const std::map<std::string, void (*)(const Plan&), std::less<>> designs{{"bare", measure_bare},
        {"log", measure_log}, {"reads", measure_log_reads}, {"queue", measure_queue},
        {"one", measure_one_by_one}};
    for (const auto& name : words(options["--only"])) {
        const auto design = designs.find(name);
        if (design == designs.end()) throw Fault("no design " + name);
        design->second(plan);
    }
}

}  // namespace
}  // namespace baton::bench

int main(int argc, char** argv) {
    try {
        baton::bench::main_of(argc, argv);
        return 0;
    } catch (const std::exception& fault) {
        fmt::print(stderr, "void: {}\n", fault.what());
        return 1;
    }
}
