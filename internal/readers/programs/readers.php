<?php
// Prints what PHP reads of a request, see doc.go.
function seen(mixed $value): array {
  return [is_string($value) ? "t:" . bin2hex($value) : "o:" . json_encode($value)];
}

$members = [];
$from = ["/query" => $_GET, "/cookie" => $_COOKIE, "/form" => $_POST, "/multipart" => $_POST];
foreach ($from[strtok($_SERVER["REQUEST_URI"], "?")] ?? [] as $name => $value) $members[$name] = seen($value);
foreach ($_FILES as $name => $file) {
  if (is_array($file["error"])) $members[$name] = seen($file["name"]);
  elseif ($file["error"] === UPLOAD_ERR_OK) $members[$name] = ["f:" . bin2hex(file_get_contents($file["tmp_name"]))];
  elseif ($file["error"] !== UPLOAD_ERR_NO_FILE) http_response_code(400);
}
header("Content-Type: application/json");
echo json_encode(["members" => (object) $members], JSON_INVALID_UTF8_SUBSTITUTE);
