/* On which addresses clients are accepted: the setting listen, the list listeners, and options. */
#include "loading.h"
#include "settings/changes.h"
#include "settings/listeners.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static void there_can_be_several_listeners(void)
{
        struct settings s;
        struct listeners_one all[SETTINGS_LISTENERS];
        settings_defaults(&s);
        CU_ASSERT_EQUAL_FATAL(listeners_all(&s, all), 1); /* the default */
        CU_ASSERT_STRING_EQUAL(all[0].address, "127.0.0.1:3307");
        CU_ASSERT_STRING_EQUAL(all[0].upstream, "127.0.0.1:3306");
        CU_ASSERT_EQUAL(all[0].socket_mode, 0666);
        CU_ASSERT_EQUAL(listeners_check(&s), STATUS_OK);
        /* the default gives way to a list */
        CU_ASSERT_EQUAL(load(&s,
                             "remote = \"db1\"; socket_mode = \"0640\";\n"
                             "listeners = ( { address = \":3310\"; upstream = \"db2\"; },\n"
                             "  { address = \"unix:/run/q.sock\"; socket_mode = \"600\"; },\n"
                             "  { address = \"unix:/run/r.sock\"; upstream = \"unix:/run/s.sock\"; } );\n"),
                        STATUS_OK);
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_OK);
        CU_ASSERT_STRING_EQUAL(s.listen, "off");
        CU_ASSERT_EQUAL_FATAL(listeners_all(&s, all), 3);
        CU_ASSERT_STRING_EQUAL(all[0].address, "127.0.0.1:3310");
        CU_ASSERT_STRING_EQUAL(all[0].upstream, "db2:3306");
        CU_ASSERT_STRING_EQUAL(all[1].address, "unix:/run/q.sock");
        CU_ASSERT_STRING_EQUAL(all[1].upstream, "db1:3306");
        CU_ASSERT_EQUAL(all[1].socket_mode, 0600);
        CU_ASSERT_STRING_EQUAL(all[2].upstream, "unix:/run/s.sock");
        CU_ASSERT_EQUAL(all[2].socket_mode, 0640);
        CU_ASSERT_STRING_EQUAL(all[2].name, "listeners[2].address");
        /* an address that was given does not, wherever it stands */
        CU_ASSERT_EQUAL(load(&s, "listeners = ( { address = \":3310\"; } );\nlisten = \":3311\";\n"),
                        STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(listeners_all(&s, all), 2);
        CU_ASSERT_STRING_EQUAL(all[0].address, "127.0.0.1:3311");
        CU_ASSERT_STRING_EQUAL(all[1].address, "127.0.0.1:3310");
}

static void wrong_listeners_are_refused(void)
{
        static const struct {
                const char *text;
                const char *part;
        } at_once[] = {
            {"listeners = { address = \":1\"; };", "1: 'listeners' must be a list of groups"},
            {"listeners = ( \":1\" );", "1: an entry of 'listeners' must be a group"},
            {"listeners = ( { address = 3307; } );",
             "1: setting 'address' in listeners must be a text in quotes"},
            {"listeners = ( {\n adress = \":1\"; } );",
             "2: unknown setting 'adress' in an entry of 'listeners'"},
            {"listeners = ( { address = \"a b\"; } );",
             "1: setting 'listeners[0].address' must be host:port"},
            {"listeners = ( { socket_mode = 0660; } );",
             "1: setting 'socket_mode' in listeners must be permissions"},
            {"socket_mode = \"rw\";",
             "1: setting 'socket_mode' must be permissions in octal such as 0660, not 'rw'"},
            {"socket_mode = \"4755\";", "1: setting 'socket_mode' must be permissions"},
            {"socket_mode = \"66\";", "1: setting 'socket_mode' must be permissions"},
        };
        static const struct {
                const char *text;
                const char *part;
        } as_a_whole[] = {
            {"listen = \"off\";", "setting 'listen' is off, and 'listeners' has no entries"},
            {"listeners = ( { address = \":1\"; },\n { upstream = \"db\"; } );",
             "2: setting 'listeners[1].address' is missing"},
            {"listen = \":1\"; listeners = (\n { address = \":1\"; } );",
             "2: setting 'listeners[0].address': 127.0.0.1:1 is also the address of 'listen'"},
        };
        struct settings s;
        char whole[256];
        for (size_t i = 0; i < sizeof at_once / sizeof at_once[0]; i++) {
                expect_refusal(at_once[i].text, at_once[i].part);
        }
        for (size_t i = 0; i < sizeof as_a_whole / sizeof as_a_whole[0]; i++) {
                CU_ASSERT_EQUAL(load(&s, as_a_whole[i].text), STATUS_OK);
                listen_to_diag();
                CU_ASSERT_EQUAL(settings_check(&s), STATUS_INVALID);
                stop_listening();
                CU_ASSERT_TRUE(said_has(as_a_whole[i].part));
        }
        CU_ASSERT_EQUAL(load(&s, "listeners = ( { address = \":0\"; }, { address = \":0\"; } );"), STATUS_OK);
        CU_ASSERT_EQUAL(settings_check(&s), STATUS_OK); /* two free ports */
        /* a path that is too long is said to be so */
        (void)snprintf(whole, sizeof whole, "listen = \"unix:/%0107d\";", 0);
        expect_refusal(whole, "1: setting 'listen': the path of a UNIX socket can have 107 bytes, not 108");
        (void)snprintf(whole, sizeof whole, "listen = \"unix:/%0106d\";", 0);
        CU_ASSERT_EQUAL(load(&s, whole), STATUS_OK);
        /* too many */
        char many[64 + SETTINGS_LISTENERS * 32] = "listeners = ( ";
        for (int i = 0; i < SETTINGS_LISTENERS; i++) {
                size_t len = strlen(many);
                (void)snprintf(many + len, sizeof many - len, "%s{ address = \":%d\"; }", i > 0 ? ", " : "",
                               i + 1);
        }
        (void)strcat(many, " );");
        expect_refusal(many, "1: 'listeners' has more than 15 entries");
}

static void options_replace_the_listeners_of_files(void)
{
        struct settings s;
        struct listeners_one all[SETTINGS_LISTENERS];
        CU_ASSERT_EQUAL(load(&s, "listen = \":1\"; listeners = ( { address = \":2\"; } );"), STATUS_OK);
        char words[][32] = {"querytap", "--listen", ":4", "-c", "", "-l", "unix:/run/q.sock", "--listen=:5"};
        char *argv[9] = {NULL};
        int argc = 8;
        for (int i = 0; i < argc; i++) {
                argv[i] = i == 4 ? path : words[i];
        }
        settings_defaults(&s);
        CU_ASSERT_EQUAL(settings_args(&s, &argc, argv), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(listeners_all(&s, all), 3);
        CU_ASSERT_STRING_EQUAL(all[0].address, "127.0.0.1:4");
        CU_ASSERT_STRING_EQUAL(all[1].address, "unix:/run/q.sock");
        CU_ASSERT_STRING_EQUAL(all[2].address, "127.0.0.1:5");
        char more[][32] = {"querytap", "-c", "", "--remote", "db"};
        char *others[6] = {NULL};
        argc = 5;
        for (int i = 0; i < argc; i++) {
                others[i] = i == 2 ? path : more[i];
        }
        settings_defaults(&s);
        CU_ASSERT_EQUAL(settings_args(&s, &argc, others), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(listeners_all(&s, all), 2);
        CU_ASSERT_STRING_EQUAL(all[1].upstream, "db:3306");
}

static void listeners_survive_printing(void)
{
        static const char *const texts[] = {
            "listeners = ( { address = \":2\"; upstream = \"db\"; }, { address = \"unix:/run/\\\"q\"; "
            "socket_mode = "
            "\"0600\"; } );",
            "listen = \":1\"; listeners = ( { address = \":2\"; } );",
        };
        for (size_t i = 0; i < 2; i++) {
                struct settings s;
                struct settings back;
                struct settings_changes changes;
                CU_ASSERT_EQUAL(load(&s, texts[i]), STATUS_OK);
                FILE *f = fopen(path, "w");
                CU_ASSERT_PTR_NOT_NULL_FATAL(f);
                settings_write(&s, f);
                (void)fclose(f);
                settings_defaults(&back);
                CU_ASSERT_EQUAL(settings_load(&back, path), STATUS_OK);
                settings_compare(&s, &back, &changes);
                CU_ASSERT_EQUAL(changes.n_reloadable + changes.n_others, 0);
                (void)snprintf(back.listeners[0].upstream, sizeof back.listeners[0].upstream, "db3:3306");
                settings_compare(&s, &back, &changes);
                CU_ASSERT_EQUAL(changes.n_others, 0);
                CU_ASSERT_EQUAL_FATAL(changes.n_reloadable, 1); /* sessions can take other servers … */
                CU_ASSERT_STRING_EQUAL(changes.reloadable[0], "listeners");
                settings_take_reloadable(&s, &back);
                CU_ASSERT_STRING_EQUAL(s.listeners[0].upstream, "db3:3306");
                (void)snprintf(back.listeners[0].address, sizeof back.listeners[0].address, ":4");
                settings_compare(&s, &back, &changes);
                CU_ASSERT_EQUAL(changes.n_reloadable, 0);
                CU_ASSERT_EQUAL_FATAL(changes.n_others, 1); /* … but the addresses need a restart */
                CU_ASSERT_STRING_EQUAL(changes.others[0], "listeners");
                settings_take_reloadable(&s, &back);
                CU_ASSERT_STRING_NOT_EQUAL(s.listeners[0].address, ":4");
        }
}

static const struct tap_test tests[] = {
    {"there can be several listeners", there_can_be_several_listeners},
    {"wrong listeners are refused", wrong_listeners_are_refused},
    {"options replace the listeners of files", options_replace_the_listeners_of_files},
    {"listeners survive printing", listeners_survive_printing},
};

int main(void)
{
        if (!loading_begin()) {
                return 1;
        }
        int status = TAP_RUN("listeners", tests);
        loading_end();
        return status;
}
