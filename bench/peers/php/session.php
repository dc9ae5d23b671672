<?php
// PHP's own sessions. Where they are kept is a setting of the interpreter: see bench/http/php-process.ts.
require __DIR__ . '/application.php';

answer(
    function (): int {
        session_start();
        return $_SESSION['visits'] ?? 0;
    },
    function (): int {
        session_start();
        return $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
    },
    function (array $data): void {
        session_start();
        $_SESSION = $data;
    },
);
