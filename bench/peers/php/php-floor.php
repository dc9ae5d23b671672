<?php
// PHP without any session.
require __DIR__ . '/application.php';

answer(fn () => 0, fn () => 0, fn () => null);
