import PropertyTesting
import Testing

@testable import Grading

@Suite struct SwiftTokensTests {
  private func texts(_ source: String) -> [String] {
    let tokens = SwiftTokens(source)
    return tokens.texts(tokens.tokens.indices)
  }

  private func kinds(_ source: String) -> [SwiftToken.Kind] {
    SwiftTokens(source).tokens.map(\.kind)
  }

  @Test(arguments: [
    ("frame + (2 << order) <= end", ["frame", "+", "(", "2", "<<", "order", ")", "<=", "end"]),
    ("a..<b ... c.d", ["a", "..<", "b", "...", "c", ".", "d"]),
    ("x!.y ?? z?.w != v", ["x", "!", ".", "y", "??", "z", "?", ".", "w", "!=", "v"]),
    ("&use[Int(-1)]", ["&", "use", "[", "Int", "(", "-", "1", ")", "]"]),
    (
      "1_000 0xFF.bits 0x1.8p3 1.5e-3 1...2",
      [
        "1_000", "0xFF", ".", "bits", "0x1.8p3", "1.5e-3", "1", "...", "2",
      ]
    ),
    ("@inlinable #if `init` $0", ["@inlinable", "#if", "`init`", "$0"]),
    ("a // b\n/* c /* d */ e */ f", ["a", "f"]),
    ("a+/* b */-c", ["a", "+", "-", "c"]),
    ("größe = 数", ["größe", "=", "数"]),
    ("a / b / c", ["a", "/", "b", "/", "c"]),
    ("f(/a\\/b+/) x/y/z", ["f", "(", "/a\\/b+/", ")", "x", "/", "y", "/", "z"]),
    ("return /a/", ["return", "/a/"]),
    ("#/a/b/# ##/c/#d/## e", ["#/a/b/#", "##/c/#d/##", "e"]),
    ("#/\n a # b\n/# c", ["#/\n a # b\n/#", "c"]),
    ("\u{FEFF}a", ["a"]),
  ])
  func sourceIsCut(source: String, expected: [String]) {
    #expect(texts(source) == expected)
  }

  @Test(arguments: [
    #""a\"b" c"#, ##"#"a"b\n"# c"##, #""\(f("x)", g(1)))" c"#, #""\("\("deep")")" c"#,
    "\"\"\"\n a \"quoted\" b\n\"\"\" c", ##"#"\#("}")\(x)"# c"##, ##""\(#"""#)" c"##,
    ####"###"a"##"### c"####, #""\(/* ) */ 1)" c"#, "\"\"\"\na \\\nb\n\"\"\" c",
  ])
  func aStringIsOneToken(source: String) {
    #expect(kinds(source) == [.string, .word])
    #expect(texts(source).last == "c")
  }

  @Test(arguments: [
    ("\"open\nnext", ["\"open", "next"]), ("\"\"\"open\nnext", ["\"\"\"open\nnext"]),
    ("/* open", []), ("a /* open /* b */", ["a"]), ("`open\nnext", ["`", "open", "next"]),
    ("(/open\nnext", ["(", "/", "open", "next"]), ("#/open\nnext", ["#/open", "next"]),
    ("\"\\(open", ["\"\\(open"]), ("\"\\", ["\"\\"]), ("##", ["##"]), ("@", ["@"]), ("", []),
    ("a\0b\u{7}", ["a", "\0", "b", "\u{7}"]), ("\\", ["\\"]), ("/", ["/"]),
  ])
  func whatIsNotFinishedIsCutToo(source: String, expected: [String]) {
    #expect(texts(source) == expected)
  }

  @Test func bracketsKnowTheirPartners() {
    #expect(SwiftTokens("f(a[1])").partners == [nil, 6, nil, 5, nil, 3, 1])
    // A brace ends what was left open in it, and a stray bracket has no partner.
    #expect(SwiftTokens("{([}])").partners == [3, nil, nil, 0, nil, nil])
  }

  @Test func functionsAreFound() {
    let source = """
      struct BuddySystem: PageAllocator {
        private var use: [Use] = []
        var count: Int { use.count }
        lazy var heads: [Int] = { [1] }()
        init(zones: [MemoryZone]) { use = [] }
        init?(named name: String, @Sorted _ map: Dictionary<Int, Int> = [1: 2], last: Int) { nil }
        mutating func free(_ frame: Int, order: Int) throws(BadFree) {
          self.init(zones: [])  // not a declaration
          func inner<T: P>(_ t: T) where T: Q {}
        }
        func requirement() -> Int
        static func < (a: Self, b: Self) -> Bool { a.count < b.count }
        subscript(index: Int) -> Int { get { index } set { } }
        func done() async -> (Int, Int) { if var x { x = 1 } }
      }
      """
    let bodies = SwiftTokens.functionBodies(in: source)
    #expect(
      bodies.map(\.key) == [
        "count", "init(zones:)", "init(named:_:last:)", "free(_:order:)", "inner(_:)", "<(a:b:)",
        "subscript(index:)", "done()",
      ])
    #expect(bodies[0].body == ["use", ".", "count"])
    #expect(bodies[1].body == ["use", "=", "[", "]"])
    #expect(bodies[5].body == ["a", ".", "count", "<", "b", ".", "count"])
  }

  @Test func layoutAndCommentsDoNotCount() {
    let first = SwiftTokens.functionBodies(in: "func f() {\n  // TODO: more\n  return 1\n}")
    let second = SwiftTokens.functionBodies(in: "func f( ) { return 1 }")
    #expect(first.map(\.key) == second.map(\.key))
    #expect(first.map(\.body) == second.map(\.body))
  }

  @Test func anyTextIsCutWithoutGapsOrOverlaps() {
    let pieces = [
      "\"", "\"\"\"", "#", "##", "\\(", "\\", "(", ")", "[", "]", "{", "}", "/", "/*", "*/", "//",
      "\n", "\r\n", " ", "a", "é", "0x", "1.", "e-", "`", "@", "..<", "!", "?", "\0", "func ",
      "init",
      "var x:", "->", ",", ":", "'", "\u{A0}", "🧱",
    ]
    var random = SplitMix64(seed: 1991)
    for _ in 0..<4000 {
      let length = Int.random(in: 0...30, using: &random)
      let source = (0..<length).map { _ in pieces.randomElement(using: &random)! }.joined()
      let tokens = SwiftTokens(source)
      var end = 0
      for token in tokens.tokens {
        #expect(token.range.lowerBound >= end && !token.range.isEmpty, "\(source.debugDescription)")
        end = token.range.upperBound
      }
      #expect(end <= source.utf8.count, "\(source.debugDescription)")
      for function in tokens.functions {
        #expect(function.body.upperBound <= tokens.tokens.count, "\(source.debugDescription)")
      }
    }
  }

  /// A cut that looked back or searched ahead from every byte would not end here.
  @Test(arguments: [
    "(/a", "\"\\(", "#\"", "`", "###", "\"\"\"", "func f(", "var x:", "{", "init(", "/*", "\\\"",
    "(/[\\/",
    "func f(a: B<C, ", "!/a", "var x: A\n", "[func f() {",
  ])
  func aMillionBytesAreCut(piece: String) {
    let source = String(repeating: piece, count: 1_000_000 / piece.utf8.count)
    let tokens = SwiftTokens(source)
    #expect(!tokens.tokens.isEmpty || piece == "/*")
    _ = tokens.functions
  }
}
