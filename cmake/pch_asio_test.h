// What nearly every test file includes, on top of the Asio kit.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pch_asio.h"
