use super::super::tests::*;

#[test]
fn numbers() {
    let mut bad = vec![];
    let d = |t: &str, v: Value| find(ReadAs::Number, t, &v);
    for (t, v) in [
        ("two hundred", json!(200)),
        ("Two hundred and fifty", json!(250)),
        ("two hundred fifty", json!("250")),
        ("twenty-five", json!(25)),
        ("a hundred", json!(100)),
        ("a dozen eggs", json!(12)),
        ("two dozen", json!(24)),
        ("3 dozen", json!(36)),
        ("2.5 million", json!(2500000)),
        ("$2 million", json!(2000000)),
        ("5k", json!(5000)),
        ("one million, two hundred thousand", json!(1200000)),
        ("minus five", json!(-5)),
        ("two point five", json!(2.5)),
        ("two, three", json!(3)),
        ("two and three", json!(2)),
        ("twenty five hundred", json!(2500)),
        ("zero", json!(0)),
        ("three.", json!(3)),
        ("one hundred twenty-three thousand four hundred fifty-six", json!(123456)),
        ("seven tickets", json!(7)),
        ("in one second", json!(1)),
    ] {
        if d(t, v.clone()).is_none() {
            bad.push(format!("{v} in {t}"));
        }
    }
    for (t, v) in [
        ("two hundred fifty", json!(200)),
        ("two hundred fifty", json!(50)),
        ("two hundred and fifty", json!(50)),
        ("twenty-fifth", json!(20)),
        ("twenty fifth", json!(20)),
        ("half a million", json!(1000000)),
        ("two and a half", json!(2)),
        ("two point five", json!(2)),
        ("two point five", json!(5)),
        ("minus five", json!(5)),
        ("one million, two hundred thousand", json!(1000000)),
        ("a man", json!(1)),
        ("hundred", json!(100)),
        ("ten-year", json!(10)),
        ("someone", json!(1)),
        ("2 hundred", json!(100)),
        ("5k", json!(5)),
        ("two hundred", json!("0200")),
    ] {
        if d(t, v.clone()).is_some() {
            bad.push(format!("NOT {v} in {t}"));
        }
    }
    assert!(bad.is_empty(), "{bad:?}");
}

#[test]
fn a_part_of_a_longer_number_is_none() {
    let cases: &[Case<'_>] = &[
        ("2 million five hundred thousand", &[], &["2000000", "500000", "500", "5", "2"]),
        ("2 million 500 thousand", &[], &["2000000", "500000"]),
        ("2.5 million and 300 thousand", &[], &["2500000", "300000"]),
        ("2 million, 300 thousand", &[], &["2000000", "300000"]),
        ("two million and 300 thousand", &[], &["2000000", "300000"]),
        ("2 500 thousand", &[], &["500000"]),
        ("5k five hundred", &[], &["5000", "500"]),
        ("two hundred 50", &[], &["200"]),
        ("two hundred and 50", &[], &["200"]),
        ("two thousand and 5", &[], &["2000"]),
        ("two dozen and three", &[], &["24", "3"]),
        ("a dozen and hundred", &[], &["12", "1200"]),
        ("two million, and five", &["2000005"], &["2000000", "5"]),
        ("thousand two hundred", &[], &["200"]),
        ("a couple of thousand two hundred", &[], &["200"]),
        ("thousand and one nights", &[], &["1"]),
        ("nineteen eighty-four", &[], &["19", "84"]),
        ("five thirty", &[], &["5", "30"]),
        ("four one five", &[], &["4", "1", "5"]),
        ("two millions", &[], &["2", "2000000"]),
        ("two lakh", &[], &["2"]),
        ("five grand", &[], &["5"]),
        ("two trillion", &["2000000000000"], &["2"]),
        ("two point five million", &["2500000"], &["2", "5", "2.5"]),
        ("point five", &[], &["5"]),
        ("two point 5", &[], &["2"]),
        ("two or three hundred", &["300"], &["2", "3"]),
        ("two to three million", &["3000000"], &["2", "3"]),
        ("between two and three million", &["3000000"], &["2"]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn a_number_before_a_fraction_is_a_part_of_it() {
    let cases: &[Case<'_>] = &[
        ("three quarters", &[], &["3"]),
        ("two thirds", &[], &["2"]),
        ("two-thirds", &[], &["2"]),
        ("one third", &[], &["1"]),
        ("one half", &[], &["1"]),
        ("two halves", &[], &["2"]),
        ("three tenths", &[], &["3"]),
        ("three hundredths", &[], &["3"]),
        ("seven twentieths", &[], &["7"]),
        ("three fifteenths", &[], &["3"]),
        ("three quarters of a million", &[], &["3", "1000000"]),
        ("three-quarters of a million", &[], &["3", "1000000"]),
        ("3 quarters of a million", &[], &["1000000"]),
        ("half of two hundred", &[], &["200", "2"]),
        ("a tenth of one million", &[], &["1000000", "1"]),
        ("1/2 of a million", &[], &["1000000"]),
        ("half a dozen", &[], &["12"]),
        ("a quarter million", &[], &["1000000"]),
        ("one and a half", &[], &["1"]),
        ("one and a half million", &[], &["1", "1000000"]),
        ("one and three quarters", &[], &["1", "3"]),
        ("two hundred and a half", &[], &["200"]),
        ("two hundred and first", &[], &["200"]),
        ("five 1/2", &[], &["5"]),
        ("two ½", &[], &["2"]),
        ("a couple", &[], &["1", "2"]),
        ("a couple of hundred", &[], &["1", "2", "100"]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn numbers_with_words_between_them_are_several() {
    let cases: &[Case<'_>] = &[
        ("between 2 million and 3 million", &["2000000", "3000000"], &["2", "3"]),
        ("between two hundred and three hundred", &["200", "300"], &["203", "2", "3"]),
        ("between two hundred and one thousand", &["1000"], &["201000"]),
        ("one thousand, two thousand", &["1000", "2000"], &["1", "2"]),
        ("2 million, 5 nights", &["2000000"], &[]),
        ("two tickets and three hundred seats", &["2", "300"], &["3"]),
        ("from one to twenty", &["1", "20"], &[]),
        ("on May 26 two tickets", &["2"], &[]),
        ("seven 50 euro notes", &["7"], &[]),
        ("two third-party tools", &["2"], &[]),
        ("one second and two minutes", &["1", "2"], &[]),
        ("one million and one hundred thousand", &["1100000"], &["1000000", "100000"]),
        ("one hundred and two thousand", &["102000"], &["100", "2000", "2"]),
        ("minus two hundred and fifty", &["-250"], &["250", "-200", "50"]),
        ("minus two and three", &["-2", "3"], &["2"]),
        ("1.16 hundred", &["116"], &[]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn signs_do_not_end_a_number() {
    let cases: &[Case<'_>] = &[
        ("two hundred & fifty", &[], &["200", "50", "250"]),
        ("two hundred + fifty", &[], &["200", "50", "250"]),
        ("two hundred plus fifty", &[], &["200", "50", "250"]),
        ("two hundred minus fifty", &[], &["200", "50", "-50", "150"]),
        ("two hundred & & fifty", &[], &["200", "50"]),
        ("two million, & five hundred", &[], &["2000000", "500"]),
        ("two \u{2013} three hundred dollars", &[], &["2"]),
        ("two - three hundred dollars", &[], &["2"]),
        ("two / three hundred", &[], &["2"]),
        ("two | fifty", &[], &["2", "50"]),
        ("two \u{2013} 5k", &[], &["2"]),
        ("two hundred* fifty", &[], &["200", "50", "250"]),
        ("two hundred\u{20ac} fifty", &[], &["200", "50", "250"]),
        ("26 \u{2013} two tickets", &["2"], &[]),
        ("Budget \u{2013} 5k", &["5000"], &["-5000"]),
        ("Budget - five hundred", &["500"], &["-500", "5"]),
        ("2 million€, 3 million€", &["2000000", "3000000"], &[]),
        ("$2 million, $3 million", &["2000000", "3000000"], &[]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn a_number_with_more_glued_to_it_is_not_read() {
    let cases: &[Case<'_>] = &[
        ("two hundred twenty\u{2011}five", &["225"], &["200", "20", "5"]),
        ("two hundred-odd guests", &[], &["2", "200"]),
        ("a two million-euro contract", &[], &["2", "2000000"]),
        ("two hundred\u{2013}fifty", &[], &["2", "200", "50"]),
        ("ten thousand/month", &[], &["10"]),
        ("two million/year", &[], &["2"]),
        ("five hundred\u{2013}six hundred", &[], &["5", "6"]),
        ("five thousand-plus", &[], &["5"]),
        ("five hundred and twenty-odd", &[], &["500", "520", "20"]),
        ("five hundred and ten\u{2013}twenty", &[], &["500", "510", "10"]),
        ("two\u{2013}three hundred", &[], &["2", "3", "100"]),
        ("two-to-three hundred", &[], &["2", "3"]),
        ("two and/or three hundred", &["300"], &["2"]),
        ("two million.Then go", &[], &["2"]),
        ("two thousand's", &[], &["2"]),
        ("two thousand\u{2019}s", &[], &["2"]),
        ("two hundredfold", &[], &["2"]),
        ("two hundred twentyfive", &[], &["200"]),
        ("two hundredfifty", &[], &["2"]),
        ("five thirty-ish", &[], &["5"]),
        ("two lakh-rupee", &[], &["2"]),
        ("2-million five hundred", &[], &["500"]),
        ("two hundred\u{200b}fifty", &[], &["2", "200"]),
        ("approx\u{2013}twenty five", &[], &["5"]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn a_word_of_its_own_with_a_number_in_it_stands_beside_another() {
    let cases: &[Case<'_>] = &[
        ("two five-star hotels", &["2"], &["5"]),
        ("two one-way tickets", &["2"], &["1"]),
        ("three two-hour talks", &["3"], &["2"]),
        ("two twenty-five-year leases", &["2"], &["25", "20"]),
        ("two one-on-one talks", &["2"], &["1"]),
        ("ten one-to-one talks", &["10"], &["1"]),
        ("fifty all-in-one printers", &["50"], &["1"]),
        ("two multi-million deals", &["2"], &["2000000"]),
        ("five k-pop albums", &["5"], &["5000"]),
        ("two hundred five-star hotels", &[], &["200", "205"]),
        ("twenty five-star hotels", &[], &["20", "25"]),
        ("the first three items", &["3"], &["1"]),
        ("the first two hundred", &["200"], &["2"]),
        ("the second two hundred and fifty", &["250"], &["200", "50"]),
        ("twenty-first three", &[], &["21", "20"]),
        ("At this point two hundred people", &["200"], &["2"]),
        ("at that point two people", &["2"], &[]),
        ("the point two hundred people make", &["200"], &["2"]),
        ("point two five", &[], &["2", "5"]),
        ("point two dozen", &[], &["24"]),
        ("do this, point five is next", &[], &["5"]),
        ("point twenty five", &[], &["25", "20"]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn what_comes_later_in_a_list_can_count_what_comes_first() {
    let cases: &[Case<'_>] = &[
        ("one, two or three hundred", &["300"], &["1", "2"]),
        ("one, two, or three hundred", &["300"], &["1", "2"]),
        ("one, two and three million", &["3000000"], &["1", "2"]),
        ("one, two or three lakh", &[], &["1", "2"]),
        ("two, three", &["2", "3"], &[]),
        ("one, two or three", &["1", "2", "3"], &[]),
        ("two hundred, fifty", &["200", "50"], &["250"]),
        ("two tickets, three hundred seats", &["2", "300"], &[]),
        ("two, third floor", &["2"], &[]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn a_minus_before_a_number_is_a_part_of_it() {
    let cases: &[Case<'_>] = &[
        ("adjust the balance by \u{2212}5 million", &["-5000000"], &["5000000"]),
        ("by \u{2212}5k", &["-5000"], &["5000"]),
        ("by (\u{2212}5k)", &["-5000"], &["5000"]),
        ("by \u{2212}$5k", &["-5000"], &["5000"]),
        ("by \u{2212} 5k", &["-5000"], &["5000"]),
        ("by \u{2212}five hundred", &["-500"], &["500"]),
        ("by \u{2013}5k", &[], &["5000"]),
        ("by \u{2013}5 million", &[], &["5000000"]),
        ("by \u{2013}five hundred", &[], &["500", "5"]),
        ("by \u{b1}5k", &[], &["5000"]),
        ("by -5k", &["-5000"], &["5000"]),
        ("by -5 million", &["-5000000"], &["5000000"]),
        ("by -$5k", &["-5000"], &["5000"]),
        ("by \u{2212}a million", &["-1000000"], &["1000000"]),
        ("by -a million", &["-1000000"], &["1000000"]),
        ("by -five hundred", &["-500"], &["500", "5"]),
        ("by minus $2 million", &["-2000000"], &["2000000"]),
        ("minus \"five\"", &["-5"], &["5"]),
        ("from two to minus five", &["2", "-5"], &["5"]),
        ("two hundred \u{2212}fifty", &[], &["200", "50", "150"]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn the_end_of_a_line_within_a_number_leaves_none() {
    let cases: &[Case<'_>] = &[
        ("two hundred\nfifty", &[], &["200", "50", "250"]),
        ("two hundred\r\nfifty", &[], &["200", "50", "250"]),
        ("two hundred\tfifty", &[], &["200", "50", "250"]),
        ("two hundred and\nfifty", &[], &["200", "50", "250"]),
        ("two hundred\nand fifty", &[], &["200", "50", "250"]),
        ("one million,\ntwo hundred thousand", &[], &["1000000", "200000", "1200000"]),
        ("two\nthree", &[], &["2", "3"]),
        ("two and a\nhalf", &[], &["2"]),
        ("two hundred and\nfirst", &[], &["200"]),
        ("twenty\nfirst", &[], &["20"]),
        ("two point\nfive", &[], &["2", "5", "2.5"]),
        ("two\npoint five", &[], &["2", "5", "2.5"]),
        ("point \"five\"", &[], &["5"]),
        ("a\nhundred", &[], &["100"]),
        ("26\nhundred", &[], &["2600"]),
        ("\"two hundred\" \"fifty\"", &[], &["200", "50", "250"]),
        ("\u{201c}two hundred\u{201d} fifty", &[], &["200", "50", "250"]),
        ("\"two hundred\" and \"fifty\"", &[], &["200", "50", "250"]),
        ("two hundred (fifty)", &[], &["200", "50", "250"]),
        ("half of \"two hundred\"", &[], &["200"]),
        ("\"two\" and \"three\"", &["2", "3"], &[]),
        ("[\"one million\", \"two hundred thousand\"]", &["1000000", "200000"], &["1200000"]),
        ("1 million,\n2 million", &["1000000", "2000000"], &["1", "2"]),
        ("two hundred\n\nFifty people", &["200", "50"], &["250"]),
        ("- two hundred\n- fifty", &["200", "50"], &["250"]),
        ("1. two hundred\n2. fifty", &["200", "50"], &["250"]),
        ("Room 5\ntwo people", &["2"], &[]),
        ("Adults: two\nChildren: three", &["2", "3"], &[]),
    ];
    check(ReadAs::Number, cases);
}

#[test]
fn a_long_word_is_read_in_short_time() {
    let (glued, listed) = ("one".repeat(100_000), "two and ".repeat(20_000));
    check(ReadAs::Number, &[(&glued, &[], &["1"]), (&listed, &["2"], &["3"])]);
}
