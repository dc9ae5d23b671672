<?php
// The application in PHP: four routes, one way to put sessions in. The data is that of bench/http/data.mjs.

function session_data(string $size): array
{
    $data = ['visits' => 0, 'user' => 'visitor-4711', 'theme' => 'dark', 'cart' => ['scarf', 'gloves', 'umbrella']];
    if ($size === 'large') {
        $line = 'The browser holds a ticket, the server keeps the coat until it is asked for.';
        $data['lines'] = array_map(fn (int $n): string => "$n $line", range(0, 204));
    }
    return $data;
}

function answer(callable $read, callable $write, callable $create): void
{
    header('Content-Type: text/plain; charset=utf-8');
    switch ($_SERVER['DOCUMENT_URI']) {
        case '/none':
            echo 'none';
            break;
        case '/read':
            echo 'visits ' . $read();
            break;
        case '/write':
            echo 'visits ' . $write();
            break;
        case '/new':
            $create(session_data($_GET['size'] ?? 'small'));
            echo 'new';
    }
}
