"""The passwords of eight or more characters that attackers try first, casefolded."""

_LISTED = """
    0123456789 11223344 112233445566 123123123 12341234 12344321 123454321 12345678 123456789 1234567890
    123456789a 12345678a 1234567a 1234567q 123456ab 12345qwert 1234abcd 123qwe123 123qweasd 147258369
    1a2b3c4d 1a2b3c4d5e 1g2w3e4r 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 5201314520 7777777a
    87654321 987654321 9876543210 a123456789 a1b2c3d4 aa123456 aa12345678 abc12345 abc123456 abcd1234
    abcdefg1 abcdefgh access123 access14 admin123 admin1234 admin12345 admin123456 admin@123 adminadmin
    administrator alexander alexandra anthony1 arsenal1 asdf1234 asdfasdf asdfghjk asdfghjkl asshole1
    autumn2024 autumn2025 babygirl babygirl1 baseball baseball1 basketball batman123 benjamin blink182
    butterfly changeit changeme changeme1 changeme123 changethis charlie1 cheese123 chelsea1 chocolate
    christian computer computer1 cookie123 corvette danielle default1 demo1234 dragon123 elephant
    elizabeth ferrari1 football football1 friday123 fuckyou! fuckyou1 fuckyou2 goodluck guest123
    guest1234 hello123 hello1234 hellohello hunter22 iloveyou iloveyou! iloveyou1 iloveyou2 internet
    internet1 iphone123 january1 jasmine1 jennifer jonathan jordan23 letmein1 letmein123 letmeinnow
    liverpool liverpool1 login123 master123 matrix123 matthew1 mercedes michael1 michelle mnbvcxz1
    monday123 monkey123 mustang1 mypassword newpassword nicole123 p455w0rd p@$$w0rd p@$$word p@ssw0rd
    p@ssword pa$$w0rd pa$$word pass1234 pass12345 pass123456 passpass passw0rd password password!
    password#1 password. password.1 password0 password01 password1 password1! password11 password12
    password123 password1234 password2 password21 password22 password3 password4 password5 password69
    password7 password9 password99 password@123 passwords passwort passwort1 patricia poiuytrewq pokemon1
    pokemon123 princess princess1 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qwe123qwe qweasdzxc qwer1234 qwerty12
    qwerty123 qwerty1234 qwerty12345 qwertyui qwertyuiop root1234 rootroot samantha samsung1 samsung123
    sebastian secret12 secret123 secret1234 security security1 shadow123 spiderman spring2024 spring2025
    startrek starwars stephanie summer123 summer2023 summer2024 summer2025 sunshine sunshine1 superman
    superman1 superuser temp1234 temppass test1234 tester123 testing1 testing123 testtest toortoor
    topsecret trustno1 user1234 victoria welcome! welcome1 welcome1! welcome12 welcome123 welcome1234
    whatever whatever1 winter123 winter2023 winter2024 winter2025 woaini123 woaini1314 woaini520 wodemima
    yourpassword zaq12wsx zaq1zaq1 zxcvbnm, zxcvbnm1 zxcvbnm123
"""

COMMON_PASSWORDS = frozenset(_LISTED.split())
