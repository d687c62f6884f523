# Prints what Rack reads of the requests on its standard input, see doc.go: a line of JSON for each line of JSON with
# kind, type, query, cookie and body, the last in hexadecimal.
require "json"
require "rack"
require "stringio"

def seen(value)
  case value
  when String then ["t:" + value.unpack1("H*")]
  when nil then ["t:"]
  when Array then value.flat_map { |v| seen(v) }
  when Hash
    file = value[:tempfile]
    file ? ["f:" + file.read.unpack1("H*")] : ["o:" + JSON.generate(value)]
  else ["o:null"]
  end
end

$stdout.sync = true
$stdin.each_line do |line|
  asked = JSON.parse(line)
  body = [asked["body"]].pack("H*")
  env = {
    "REQUEST_METHOD" => "POST", "QUERY_STRING" => asked["query"].to_s, "CONTENT_TYPE" => asked["type"].to_s,
    "CONTENT_LENGTH" => body.bytesize.to_s, "HTTP_COOKIE" => asked["cookie"], "rack.input" => StringIO.new(body),
  }
  request = Rack::Request.new(env.compact)
  begin
    read = { "query" => :GET, "cookie" => :cookies }.fetch(asked["kind"], :POST)
    members = request.public_send(read).to_h { |name, value| [name, seen(value)] }
    puts JSON.generate({ members: members.select { |_, v| v != [] } })
  rescue StandardError => e
    puts JSON.generate({ refused: e.class.name })
  end
end
