#include <gtest/gtest.h>

#include "base/answer_budget.h"

namespace baton {
namespace {

TEST(AnswerBudget, holds_up_to_its_limit_and_not_a_byte_more) {
    AnswerBudget budget;
    EXPECT_TRUE(budget.take(AnswerBudget::bytes_max - 1));
    EXPECT_FALSE(budget.holds(2));
    EXPECT_TRUE(budget.take(1));
    EXPECT_FALSE(budget.take(1));
    EXPECT_TRUE(budget.take(0)) << "what weighs nothing always fits";
}

TEST(AnswerBudget, one_always_comes_whatever_it_weighs) {
    AnswerBudget budget;
    EXPECT_TRUE(budget.is_empty());
    EXPECT_TRUE(budget.holds(UINT64_MAX));
    EXPECT_TRUE(budget.take(UINT64_MAX));
    EXPECT_FALSE(budget.is_empty());
    EXPECT_FALSE(budget.take(1));
}

TEST(AnswerBudget, an_empty_item_is_one_too) {
    AnswerBudget budget;
    EXPECT_TRUE(budget.take(0));
    EXPECT_TRUE(budget.holds(AnswerBudget::bytes_max));
    EXPECT_FALSE(budget.holds(AnswerBudget::bytes_max + 1));
}

}  // namespace
}  // namespace baton
