#include "cli/cli.h"

int main(int argc, char** argv) { return baton::cli::run_main(argc, argv, BATON_VERSION); }
