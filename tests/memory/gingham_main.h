/* gingham_main.h - main() of the command, renamed so that a test can call it (included ahead of cli/main.c by CMakeLists.txt). */
int gingham_main(int argc, char **argv);
