// What nearly every test file includes, where the module under test stands below the Asio kit.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pch_std.h"
