/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/list.h"

typedef struct item {
    int number;
    dp_link link;
} item;

static void order(void **state)
{
    (void)state;
    dp_list l, other;
    item v[5] = { { .number = 0 } };
    dp_list_init(&l);
    dp_list_init(&other);
    assert_null(dp_list_first(&l));
    assert_null(dp_list_pop(&l));
    for (int i = 0; i < 5; i++) {
        v[i].number = i;
        assert_false(dp_linked(&v[i].link));
        dp_list_push(i < 3 ? &l : &other, &v[i].link);
        assert_true(dp_linked(&v[i].link));
    }
    dp_list_splice(&l, &other);
    assert_true(dp_list_empty(&other));
    dp_list_splice(&l, &other);
    dp_unlink(&v[1].link);
    dp_unlink(&v[1].link);
    assert_false(dp_linked(&v[1].link));

    static const int want[] = { 0, 2, 3, 4 };
    int n = 0;
    for (dp_link *k = dp_list_first(&l); k; k = dp_list_next(&l, k))
        assert_int_equal(dp_of(k, item, link)->number, want[n++]);
    assert_int_equal(n, 4);
    for (n = 0; n < 4; n++)
        assert_int_equal(dp_of(dp_list_pop(&l), item, link)->number, want[n]);
    assert_true(dp_list_empty(&l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
