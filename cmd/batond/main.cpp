#include "app/lifecycle.h"

int main(int argc, char** argv) { return baton::app::run_daemon(argc, argv, BATON_VERSION); }
