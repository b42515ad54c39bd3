// The floor in clear: floor [--copy] [address] sender recipient... <message. With --copy it is the
// raw copy of the same bytes. See floor.hpp for what it must not do.
#include "floor.hpp"

int main(int count, char** arguments) {
    const bool copies = count > 1 && std::string_view(arguments[1]) == "--copy";
    if (copies) {
        --count;
        ++arguments;
    }
    if (count < 4) bench::give_up("usage: floor [--copy] [address] sender recipient...");
    bench::Plain wire(arguments[1]);
    bench::Ear<bench::Plain> ear(wire);
    ear.reply('2');
    wire.say(bench::hello.data(), bench::hello.size());
    const bench::Offers offered = bench::offers(ear.reply('2'));
    bench::Delivery<bench::Plain> delivery(wire, ear, offered);
    copies ? delivery.copy(arguments) : delivery.run(count, arguments);
    _exit(0);
}
